"""The parent's side: a pool of processes around one ROUTER socket."""

from __future__ import annotations

import os
from functools import partial

import zmq

from dataflow_core.parallel import (
    Channel,
    ClosedError,
    GarbledError,
    Incoming,
    Member,
    Outgoing,
    WorkerPool,
    WorkerProcess,
    WorkersPart,
    create_flags,
)
from dataflow_zmq.ending import end
from dataflow_zmq.endpoint import Endpoint
from dataflow_zmq.slot_wire import COPY_BELOW, Frames, SlotWire, received, slots_can_be_shared


class ZMQPool(WorkerPool[SlotWire]):
    """Worker processes that are connected to one socket.

    Args:
        part: what the workers run.
        num_workers: how many.
        limit_bytes: how much shared memory either side of each worker may fill; None is without
            bound.
    """

    def __init__(self, part: WorkersPart, num_workers: int, limit_bytes: int | None = None) -> None:
        self._limit = limit_bytes if slots_can_be_shared() else 0
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.sndhwm = self._socket.rcvhwm = 0  # The engine bounds what is under way.
        self._socket.router_mandatory = True
        self._endpoint = Endpoint()
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._by_identity: dict[bytes, Member[SlotWire]] = {}
        self._started = 0
        try:
            self._socket.bind(self._endpoint.address)
            self._endpoint.hide()
            super().__init__(part, num_workers)
        except BaseException:
            self._release()
            raise

    def _start(self, number: int) -> Member[SlotWire]:
        # Those who replace a dead worker are not to get what was still on its way to that one.
        identity = f"{number}.{self._started}"
        self._started += 1
        to_worker, its_flags = create_flags()
        from_worker, our_flags = create_flags()
        directory = self._endpoint.directory
        try:
            process = WorkerProcess(
                "dataflow_zmq.worker:main",
                {
                    "address": self._endpoint.for_children,
                    "identity": identity,
                    "worker": number,
                    "incoming": to_worker,
                    "outgoing": from_worker,
                    "limit_bytes": self._limit,
                },
                leftovers=[] if directory is None else [directory],
                descriptors=(to_worker, from_worker, *self._endpoint.descriptors),
            )
        finally:
            os.close(to_worker)
            os.close(from_worker)
        if process.descriptor is not None:
            self._poller.register(process.descriptor, zmq.POLLIN)
        wire = SlotWire(partial(self._send, identity.encode()))
        channel = Channel(wire, Outgoing(its_flags, self._limit), Incoming(our_flags))
        member = Member(number, process, channel)
        self._by_identity[identity.encode()] = member
        return member

    def _wait(self, milliseconds: int | None) -> None:
        if self._socket in dict(self._poller.poll(milliseconds)):
            self._read()

    def _read(self) -> None:
        """Take all that has arrived."""
        while True:
            try:
                identity, *frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            member = self._by_identity.get(identity.bytes)
            if member is None:
                continue  # It was buried; what it had is with another one.
            self._roster.heard(member)
            try:
                message = received(frames, member.process.pid)
            except GarbledError as error:
                self._lose(member, f"sent what nobody can read ({error})")
            else:
                self._take(member, message)

    def _part_with(self, member: Member[SlotWire]) -> None:
        self._by_identity = {
            identity: each for identity, each in self._by_identity.items() if each is not member
        }
        if member.process.descriptor is not None:
            self._poller.unregister(member.process.descriptor)

    def _send(self, identity: bytes, frames: Frames) -> None:
        try:
            self._socket.send_multipart([identity, *frames], copy=False, copy_threshold=COPY_BELOW)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            raise ClosedError(str(error)) from error

    def _release(self) -> None:
        self._socket.close(0)
        end(self._context)
        self._endpoint.close()
