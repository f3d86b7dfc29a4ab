"""Whoever runs the flow builds parcels that suit what receivers have told of."""

from __future__ import annotations

from typing import Any, cast

from dataflow_core import DataFromList
from dataflow_zmq.remote.sending.course import Course
from dataflow_zmq.remote.sending.desk import Desk
from dataflow_zmq.remote.sending.producer import Producer

SIZE = 100


class Parcels:
    """Takes what would be built."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int | None]] = []
        self._left = 0

    def begin(self, first: int, most: int | None, _state: str, _state_seq: int) -> None:
        self.begun.append((first, most))
        self._left = SIZE + 1 if most is None else most

    def add(self, _dp: Any) -> bool:
        self._left -= 1
        return self._left == 0

    def close(self) -> None: ...

    def clear(self) -> None: ...


class Plans:
    """A desk at which a receiver comes while the producer waits for room."""

    def __init__(self) -> None:
        self.parcel = Parcels()
        self.plans: list[tuple[int, int | None]] = [(0, None)]
        self.told: list[tuple[int, int | None]] = []

    def begun(self, *_: Any) -> None: ...

    def plan(self, number: int) -> tuple[int, int | None]:
        begin, end = self.plans[0]
        if end is not None and number >= end:
            return number, None
        return max(begin, number), end

    def wait_for_room(self, _course: Course) -> bool:
        self.plans = self.told or self.plans
        return True

    def exhaust(self, _course: Course, produced: int) -> None:
        self.produced = produced


def served(told: tuple[int, int | None]) -> list[tuple[int, int | None]]:
    desk = Plans()
    desk.told = [told]
    flow = DataFromList([[number] for number in range(SIZE)], shuffle=False)
    assert Producer(flow, cast("Desk", desk))._serve(Course(1, 0, 0, begins=0)) is None
    assert desk.produced == SIZE
    return desk.parcel.begun


def test_what_is_told_while_it_waits_for_room_counts() -> None:
    assert served((0, None)) == [(0, None)]
    # The receiver holds a parcel of 0 ... 59.
    assert served((0, 60)) == [(0, 60), (60, None)]
    # It has consumed 0 ... 29, and holds up to 59.
    assert served((30, 60)) == [(30, 30), (60, None)]
    # All of it, so that nothing is left for a parcel to hold.
    assert served((SIZE, None)) == [(SIZE, None)]
