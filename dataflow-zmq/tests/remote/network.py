"""A sender and receivers in one thread, on a network and with a clock that tests make up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dataflow_zmq.errors import RemoteError
from dataflow_zmq.remote.receiving.inlet import StreamPlace
from dataflow_zmq.remote.receiving.protocol import Receiving
from dataflow_zmq.remote.sending.course import Course
from dataflow_zmq.remote.sending.protocol import Identity, Sending
from dataflow_zmq.remote.sending.snapshot import restore, snapshot
from dataflow_zmq.remote.sending.supply import Supply
from dataflow_zmq.remote.wire.headers import unpack
from dataflow_zmq.remote.wire.outbox import Route
from dataflow_zmq.remote.wire.parcel import Parcel

STEP_S = 0.1


@dataclass
class Faults:
    """How often things go wrong, and how far: probabilities per message or per step."""

    loss: float = 0.0
    duplicates: float = 0.0
    delay: int = 0
    cut: float = 0.0


class Machine:
    """A sender with a flow of `size` datapoints per epoch: numbers that tell epoch and index."""

    def __init__(self, rng: random.Random, size: int, **options: Any) -> None:
        self.rng = rng
        self.size = size
        self.options = options
        self.sending = Sending(Identity(rng.randbytes(16), rng.randbytes(16)), **options)
        self.supply = Supply(self.sending)
        self.file: dict[str, Any] | None = None
        self.course: Course | None = None
        self.number = 0
        self.index = 0

    def produce(self, now: float) -> None:
        sending, supply = self.sending, self.supply
        if sending.course is None or sending.course.exhausted:
            return
        if self.course is not sending.course:
            course = self.course = sending.course
            self.number, self.index = course.first, 0
            if course.state:
                epoch, index = map(int, course.state.split())
                assert epoch == course.epoch
                self.index = index
                self.number = course.state_seq
            supply.begun(course, f"{course.epoch} {self.index}", self.number)
            self.skip(course.first)
        begin, end = supply.plan(self.number)
        self.skip(begin)
        if self.number < begin or self.index >= self.size:
            supply.exhaust(self.course, self.number, now)
            return
        if not supply.room():
            return
        most = self.rng.randint(1, 5) if end is None else end - self.number
        count = min(most, self.size - self.index)
        epoch = self.course.epoch
        frames: Any = [bytes([epoch]), bytes(range(self.index, self.index + count))]
        state = f"{epoch} {self.index}"
        supply.offer(self.course, Parcel(self.number, count, frames, state, self.number), now)
        self.number += count
        self.index += count

    def skip(self, until: int) -> None:
        step = min(until - self.number, self.size - self.index)
        if step > 0:
            self.number += step
            self.index += step

    def save(self) -> None:
        self.file = snapshot(self.sending)

    def restart(self, now: float) -> None:
        """Kill it, and start it from its file."""
        kept = self.file
        assert kept is not None
        again = Sending(
            Identity(bytes.fromhex(kept["stream"]), self.rng.randbytes(16)), **self.options
        )
        restore(again, kept, now)
        self.sending, self.supply = again, Supply(again)
        self.course = None


class Consumer:
    """A receiver and whoever iterates over it."""

    def __init__(self, rng: random.Random, **options: Any) -> None:
        self.rng = rng
        self.receiving = Receiving(
            rng.randbytes(16), calls=[(0, None)], token=lambda: rng.getrandbits(62), **options
        )
        self.position = -1
        self.base = 0
        self.here: list[Any] = []
        self.got: list[Any] = []
        self.epoch = -1
        self.error: RemoteError | None = None
        self.ends: list[int] = []
        self.alive = True
        #: Whether it is cut off from the network, but goes on.
        self.deaf = False
        self.job = rng.getrandbits(62)

    def begin(
        self, epoch: int, now: float, places: list[StreamPlace] | None = None, lineage: bytes = b""
    ) -> None:
        self.epoch = epoch
        self.position = -1
        self.here = []
        self.base = 0
        self.receiving.begin(
            self, epoch, lineage or self.receiving.receiver, places or [], now, job=self.job
        )

    @property
    def running(self) -> bool:
        return self.receiving.reading and self.error is None

    def consume(self) -> None:
        """Take one datapoint, if there is one."""
        if not self.running:
            return
        if self.position + 1 - self.base >= len(self.here):
            try:
                delivery = self.receiving.take()
            except RemoteError as error:
                self.error = error
                self.leave()
                return
            self.here, self.base = [], self.position + 1
            if delivery is None:
                if self.receiving.over:
                    self.ends.append(self.epoch)
                    self.receiving.stop()
                return
            (epoch,), indices = delivery.frames
            self.here = [(epoch, index) for index in indices][delivery.skip :]
            assert len(self.here) == delivery.end - delivery.first
        self.position += 1
        self.got.append(self.here[self.position - self.base])

    def leave(self) -> None:
        self.receiving.stop()
        self.here = []


@dataclass
class Network:
    """What is under way, and the time."""

    rng: random.Random
    faults: Faults
    machine: Machine
    consumers: list[Consumer] = field(default_factory=list)
    now: float = 1000.0
    flying: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    steps: int = 0
    saves: bool = False
    #: Whether the sender ends as soon as it may.
    ends: bool = False
    ended: bool = False

    def send(self, deliver: Callable[[], None]) -> None:
        if self.rng.random() < self.faults.loss:
            return
        for _ in range(2 if self.rng.random() < self.faults.duplicates else 1):
            at = self.steps + self.rng.randint(0, self.faults.delay)
            self.flying.append((at, len(self.flying), deliver))

    def step(self) -> None:
        self.steps += 1
        self.now += STEP_S
        if self.rng.random() < self.faults.cut:
            self.flying.clear()
        due = [each for each in self.flying if each[0] <= self.steps]
        self.flying = [each for each in self.flying if each[0] > self.steps]
        for _, _, deliver in sorted(due, key=lambda each: each[:2]):
            deliver()
        if not self.ended:
            self.machine.produce(self.now)
        for consumer in self.consumers:
            if consumer.alive:
                self.let_receive(consumer)
        if not self.ended:
            self.let_send()

    def let_receive(self, consumer: Consumer) -> None:
        for _ in range(self.rng.randint(0, 4)):
            consumer.consume()
        consumer.receiving.tick(self.now)
        for inlet in consumer.receiving.inlets.values():
            assert all(number > inlet.expects for number in inlet.early)
        for _, frames in consumer.receiving.outgoing():
            self.send(self.to_sender(consumer, frames[0]))

    def let_send(self) -> None:
        sending = self.machine.sending
        self.ended = self.ends and sending.finished(self.now)
        sending.tick(self.now)
        if self.saves:
            self.machine.save()
        for (_, who), frames in sending.outgoing():
            for consumer in self.consumers:
                if consumer.alive and consumer.receiving.receiver == who:
                    self.send(self.to_receiver(consumer, frames))

    def to_sender(self, consumer: Consumer, header: Any) -> Callable[[], None]:
        route: Route = (0, consumer.receiving.receiver)

        def deliver() -> None:
            message = unpack(header)
            assert message is not None
            if consumer.deaf:
                return
            if not self.ended:
                self.machine.sending.receive(route, message, self.now)

        return deliver

    def to_receiver(self, consumer: Consumer, frames: Any) -> Callable[[], None]:
        def deliver() -> None:
            message = unpack(frames[0])
            assert message is not None
            if consumer.alive and not consumer.deaf:
                consumer.receiving.receive((0, None), message, frames[1:], self.now)

        return deliver

    def run(self, until: Callable[[], bool], most: int = 4000) -> None:
        for _ in range(most):
            if until():
                return
            self.step()
        raise AssertionError("it never ends")
