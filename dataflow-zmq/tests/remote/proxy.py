"""Two ways to stand between a sender and a receiver and be a bad network, by a seeded schedule.

`MessageProxy` speaks ZeroMQ and treats whole messages badly; `BytesProxy` speaks TCP and cuts
connections in the middle of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import random
import threading
import time
from dataclasses import dataclass
from typing import TypeAlias

import zmq
from meanwhile import Meanwhile
from typing_extensions import Self

Socket: TypeAlias = "zmq.Socket[bytes]"
Frames: TypeAlias = "list[bytes]"

_TICK_MS = 10
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Faults:
    """What goes wrong.

    Attributes:
        seed: of the schedule.
        loss: share of messages that do not arrive.
        duplicates: share of messages that arrive twice.
        late: share of messages, or of pieces of a stream of bytes, that are held back; messages are
            overtaken meanwhile.
        delay_s: for how long at most.
        cut_every_s: between two cuts of a connection, on average; 0: none.
        dark_s: for how long, at most, nobody gets through after a cut.
    """

    seed: int
    loss: float = 0.0
    duplicates: float = 0.0
    late: float = 0.0
    delay_s: float = 0.0
    cut_every_s: float = 0.0
    dark_s: float = 0.0


class MessageProxy(Meanwhile):
    """Loses, doubles, delays and reorders messages between those who connect to it and `target`.

    Every client gets a connection of its own to the target. A cut closes it: what is on its way is
    lost, and the next message comes by another route.

    Args:
        target: an address that is bound.
        faults: what goes wrong.

    Attributes:
        addr: where to connect instead.
        seen: the first messages each way, as they came: `upward` from clients, `downward` to them.
        counts: how many messages passed, were lost, doubled and delayed, and how many cuts.
    """

    KEPT = 300

    def __init__(self, target: str, faults: Faults) -> None:
        super().__init__()
        self.upward: list[Frames] = []
        self.downward: list[Frames] = []
        self.counts = dict.fromkeys(("passed", "lost", "doubled", "delayed", "cuts"), 0)
        self._target = target
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._numbers = itertools.count()
        self._held: list[tuple[float, int, bytes, bool, Frames]] = []
        self._backs: dict[bytes, Socket] = {}
        self._dark_until = 0.0
        self._context: zmq.Context[Socket] = zmq.Context()
        self._front = self._socket(zmq.ROUTER)
        port = self._front.bind_to_random_port("tcp://127.0.0.1")
        self.addr = f"tcp://127.0.0.1:{port}"

    def _close(self) -> None:
        self._context.destroy(linger=0)

    def _socket(self, kind: int) -> Socket:
        socket = self._context.socket(kind)
        socket.linger = socket.sndhwm = socket.rcvhwm = 0
        return socket

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._front, zmq.POLLIN)
        next_cut = self._next_cut()
        while not self._stop.is_set():
            for socket, _ in poller.poll(_TICK_MS):
                self._receive(socket, poller)
            now = time.monotonic()
            while self._held and self._held[0][0] <= now:
                _, _, client, upward, frames = heapq.heappop(self._held)
                self._pass(client, frames, poller, upward=upward)
            if now >= next_cut:
                self._cut(now, poller)
                next_cut = self._next_cut()
        for back in self._backs.values():
            back.close()
        self._front.close()

    def _receive(self, socket: Socket, poller: zmq.Poller) -> None:
        upward = socket is self._front
        # Closed by a cut since the poll.
        client = b"" if upward else next((c for c, s in self._backs.items() if s is socket), b"")
        if not upward and not client:
            return
        for _ in range(100):
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if upward:
                client, *frames = frames
            kept = self.upward if upward else self.downward
            if len(kept) < self.KEPT:
                kept.append(frames)
            self._treat(client, frames, poller, upward=upward)

    def _treat(self, client: bytes, frames: Frames, poller: zmq.Poller, *, upward: bool) -> None:
        faults, draw = self._faults, self._random.random
        if draw() < faults.loss or time.monotonic() < self._dark_until:
            self.counts["lost"] += 1
            return
        copies = 1
        if draw() < faults.duplicates:
            copies = 2
            self.counts["doubled"] += 1
        for _ in range(copies):
            if draw() < faults.late:
                self.counts["delayed"] += 1
                due = time.monotonic() + draw() * faults.delay_s
                heapq.heappush(self._held, (due, next(self._numbers), client, upward, frames))
            else:
                self._pass(client, frames, poller, upward=upward)

    def _pass(self, client: bytes, frames: Frames, poller: zmq.Poller, *, upward: bool) -> None:
        self.counts["passed"] += 1
        if not upward:
            self._front.send_multipart([client, *frames])
            return
        back = self._backs.get(client)
        if back is None:
            back = self._backs[client] = self._socket(zmq.DEALER)
            back.connect(self._target)
            poller.register(back, zmq.POLLIN)
        back.send_multipart(frames)

    def _cut(self, now: float, poller: zmq.Poller) -> None:
        self.counts["cuts"] += 1
        for back in self._backs.values():
            poller.unregister(back)
            back.close()
        self._backs.clear()
        self._held.clear()
        self._dark_until = now + self._random.random() * self._faults.dark_s

    def _next_cut(self) -> float:
        return time.monotonic() + _interval(self._random, self._faults)


class BytesProxy:
    """Hands bytes on between TCP connections, in pieces, some of them late, and cuts connections.

    Args:
        port: of a server on 127.0.0.1.
        faults: what goes wrong; bytes are neither lost nor doubled within a connection, which TCP
            sees to, but only by being cut.

    Attributes:
        addr: where to connect instead.
        cuts: how many connections were cut.
    """

    def __init__(self, port: int, faults: Faults) -> None:
        self.cuts = 0
        self._port = port
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._dark_until = 0.0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="bytes-proxy", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._accepted, "127.0.0.1", 0))
        self.addr = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        # Transports that were aborted close in the next round.
        await asyncio.sleep(0.01)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if time.monotonic() >= self._dark_until:
                await self._carry(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return
        pumps = {
            asyncio.ensure_future(self._pump(reader, far_writer)),
            asyncio.ensure_future(self._pump(far_reader, writer)),
        }
        limit = _interval(self._random, self._faults)
        try:
            _, running = await asyncio.wait(
                pumps,
                timeout=None if limit == float("inf") else limit,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if len(running) == len(pumps):
                self.cuts += 1
                self._dark_until = time.monotonic() + self._random.random() * self._faults.dark_s
        finally:
            far_writer.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(self._random.randint(1, _CHUNK_BYTES)):
                if self._random.random() < self._faults.late:
                    await asyncio.sleep(self._random.random() * self._faults.delay_s)
                writer.write(piece)
                await writer.drain()


def _interval(source: random.Random, faults: Faults) -> float:
    return source.expovariate(1 / faults.cut_every_s) if faults.cut_every_s else float("inf")


def schedules(count: int, seed: int = 0) -> list[Faults]:
    """Return bad networks, each another way bad."""
    source = random.Random(seed)
    return [
        Faults(
            seed=number,
            loss=source.choice([0, 0.02, 0.2]),
            duplicates=source.choice([0, 0.1, 0.5]),
            late=source.choice([0, 0.3, 0.9]),
            delay_s=source.choice([0.02, 0.1, 0.5]),
            cut_every_s=source.choice([0, 0.6, 2.0]),
            dark_s=source.choice([0.05, 0.4]),
        )
        for number in range(count)
    ]
