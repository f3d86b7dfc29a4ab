"""A wire between two network namespaces that is a thread: for kernels without netem."""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import time

from meanwhile import Meanwhile
from proxy import Faults

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_PACKET_BYTES = 1 << 16
_TICK_S = 0.005


def open_tun(name: str) -> int:
    """Make a network device, and return the file that its packets come out of.

    Raises:
        OSError: that is not permitted here.
    """
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        request = struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(descriptor, _TUNSETIFF, request)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class TunWire(Meanwhile):
    """Carries IP packets between two devices, and treats them as `faults` says.

    Args:
        ends: files of the two devices; closed at the end.
        faults: loss, duplicates, and late packets, which others overtake.
    """

    def __init__(self, ends: tuple[int, int], faults: Faults) -> None:
        super().__init__()
        self.lost = self.doubled = self.delayed = 0
        self._ends = ends
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._held: list[tuple[float, int, int, bytes]] = []
        self._numbers = itertools.count()

    def _close(self) -> None:
        for end in self._ends:
            os.close(end)

    def _run(self) -> None:
        other = dict(zip(self._ends, reversed(self._ends)))
        while not self._stop.is_set():
            for end in select.select(self._ends, [], [], _TICK_S)[0]:
                with contextlib.suppress(BlockingIOError, OSError):
                    while packet := os.read(end, _PACKET_BYTES):
                        self._treat(other[end], packet)
            while self._held and self._held[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(self._held)
                self._pass(end, packet)

    def _treat(self, end: int, packet: bytes) -> None:
        faults, draw = self._faults, self._random.random
        if draw() < faults.loss:
            self.lost += 1
            return
        if draw() < faults.duplicates:
            self.doubled += 1
            self._pass(end, packet)
        if draw() < faults.late:
            self.delayed += 1
            due = time.monotonic() + draw() * faults.delay_s
            heapq.heappush(self._held, (due, next(self._numbers), end, packet))
        else:
            self._pass(end, packet)

    def _pass(self, end: int, packet: bytes) -> None:
        # A device that is down or full loses packets, as wires do.
        with contextlib.suppress(OSError):
            os.write(end, packet)
