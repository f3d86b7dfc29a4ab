"""The parent's side of the process backend."""

from __future__ import annotations

import os
import select
import socket

from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.processes.roster import Member
from dataflow_core.parallel.processes.spawn import POLITE_SECONDS, StartMethod, WorkerProcess
from dataflow_core.parallel.processes.worker_pool import WorkerPool
from dataflow_core.parallel.transport import kinds
from dataflow_core.parallel.transport.channel import Channel
from dataflow_core.parallel.transport.garbled import GarbledError
from dataflow_core.parallel.transport.packing import PICKLE
from dataflow_core.parallel.transport.slots import Incoming, Outgoing, create_flags
from dataflow_core.parallel.transport.wire import ClosedError, Wire


class ProcessPool(WorkerPool[Wire]):
    """Worker processes, each at the other end of a pair of sockets.

    Args:
        part: what the workers run.
        num_workers: how many.
        limit_bytes: how much shared memory either side of each channel may fill; None is without
            bound.
        start_method: of the processes.
    """

    def __init__(
        self,
        part: WorkersPart,
        num_workers: int,
        limit_bytes: int | None = None,
        start_method: StartMethod = "fresh",
    ) -> None:
        self._limit = limit_bytes
        self._start_method: StartMethod = start_method
        self._poll = select.poll()
        self._by_descriptor: dict[int, Member[Wire]] = {}
        #: Descriptors of those that have not taken all that was sent.
        self._stuck: set[int] = set()
        super().__init__(part, num_workers, PICKLE)

    def _start(self, number: int) -> Member[Wire]:
        ours, theirs = socket.socketpair()
        to_worker, its_flags = create_flags()
        from_worker, our_flags = create_flags()
        try:
            process = WorkerProcess(
                "dataflow_core.parallel.processes.worker:main",
                {
                    "socket": theirs.fileno(),
                    "incoming": to_worker,
                    "outgoing": from_worker,
                    "limit_bytes": self._limit,
                    "worker": number,
                },
                descriptors=(theirs.fileno(), to_worker, from_worker),
                start_method=self._start_method,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(to_worker)
            os.close(from_worker)
        channel = Channel(
            Wire(ours, blocking=False), Outgoing(its_flags, self._limit), Incoming(our_flags)
        )
        member = Member(number, process, channel)
        self._watch(member)
        self._tell(member, kinds.PART, [self._part])
        return member

    def _watch(self, member: Member[Wire]) -> None:
        descriptors = [member.channel.wire.fileno()]
        if member.process.descriptor is not None:
            descriptors.append(member.process.descriptor)
        for descriptor in descriptors:
            self._poll.register(descriptor, select.POLLIN)
            self._by_descriptor[descriptor] = member

    def _wait(self, milliseconds: int | None) -> None:
        for descriptor, event in self._poll.poll(milliseconds):
            member = self._by_descriptor.get(descriptor)
            if member is None or descriptor != member.channel.wire.fileno():
                continue
            if event & select.POLLOUT:
                self._flush(member)
            if event & ~select.POLLOUT:
                self._read(member)

    def _read(self, member: Member[Wire]) -> None:
        self._roster.heard(member)
        try:
            for message in member.channel.wire.messages():
                self._take(member, message)
        except GarbledError as error:
            self._lose(member, f"sent what nobody can read ({error})")
        except ClosedError:
            # This socket has nothing more to tell, and most likely the process is about to end.
            self._forget(member.channel.wire.fileno())
            if not member.process.wait(POLITE_SECONDS):
                self._lose(member, "closed its connection")

    def _lose(self, member: Member[Wire], what_it_did: str) -> None:
        self._forget(member.channel.wire.fileno())
        super()._lose(member, what_it_did)

    def _part_with(self, member: Member[Wire]) -> None:
        if member.channel.wire.fileno() in self._by_descriptor:
            self._read(member)
        for descriptor in [d for d, each in self._by_descriptor.items() if each is member]:
            self._forget(descriptor)

    def _sent(self, member: Member[Wire]) -> None:
        self._listen(member)

    def _flush(self, member: Member[Wire]) -> None:
        try:
            member.channel.wire.flush()
        except ClosedError:
            return
        self._listen(member)

    def _listen(self, member: Member[Wire]) -> None:
        """Ask to be told when there is room for what is left to be sent, if anything is."""
        descriptor = member.channel.wire.fileno()
        is_stuck = member.channel.wire.unsent
        if descriptor in self._by_descriptor and is_stuck != (descriptor in self._stuck):
            self._stuck ^= {descriptor}
            self._poll.modify(descriptor, select.POLLIN | (select.POLLOUT if is_stuck else 0))

    def _forget(self, descriptor: int) -> None:
        if self._by_descriptor.pop(descriptor, None) is not None:
            self._stuck.discard(descriptor)
            self._poll.unregister(descriptor)
