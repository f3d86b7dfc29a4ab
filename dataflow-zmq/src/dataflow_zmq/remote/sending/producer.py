"""Running a flow, epoch after epoch, for whoever asks."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from itertools import islice
from time import monotonic

from dataflow_core import DataFlow, DataFlowError, NotResumableError, StateError
from dataflow_core.flow import Datapoint
from dataflow_zmq.remote.sending.course import Course, Failure
from dataflow_zmq.remote.sending.desk import Desk

#: How often the flow is asked for its state while it runs.
STATE_S = 0.05


class Producer:
    """Whoever runs the flow.

    Args:
        df: the flow.
        desk: takes what it yields.
    """

    def __init__(self, df: DataFlow, desk: Desk) -> None:
        self._df = df
        self._desk = desk
        self._resumable = True
        self._state = ""
        self._state_seq = 0
        self._state_at = -1e9

    def run(self) -> None:
        """Serve course after course, to the last.

        Raises:
            Exception: what the flow raises, after everyone was told.
        """
        course: Course | None = None
        while (course := self._desk.next_course(course)) is not None:
            error = self._serve(course)
            if error is not None:
                while self._desk.next_course(course) is not None:
                    pass
                raise error

    def _serve(self, course: Course) -> Exception | None:
        number = course.first
        try:
            if course.state:
                self._df.load_state_dict(json.loads(course.state))
                number = course.state_seq
            else:
                self._df.set_epoch(course.epoch)
        except (StateError, ValueError) as error:
            self._desk.refuse(course, str(error))
            return None
        self._note_state(number, due=True)
        self._desk.begun(course, self._state, number)
        items = iter(self._df)
        try:
            return self._produce(course, items, number)
        finally:
            self._desk.parcel.clear()
            close = getattr(items, "close", None)
            if close is not None:
                close()

    def _produce(self, course: Course, items: Iterator[Datapoint], number: int) -> Exception | None:
        parcel, desk = self._desk.parcel, self._desk
        number = self._skip(items, number, course.first)
        ended = number < course.first
        try:
            while not ended:
                begin, end = desk.plan(number)
                number = self._skip(items, number, begin)
                if number < begin:
                    break
                if not desk.wait_for_room(course):
                    return None
                # Whoever was waited for may have told of more that is consumed, or held.
                begin, end = desk.plan(number)
                if begin > number:
                    continue
                self._note_state(number)
                most = None if end is None else end - number
                parcel.begin(number, most, self._state, self._state_seq)
                ended = True
                for dp in items:
                    number += 1
                    if parcel.add(dp):
                        ended = False
                        break
                parcel.close()
        except Exception as error:  # noqa: BLE001  raised by run(), once everyone was told
            return self._failed(course, error)
        desk.exhaust(course, number)
        return None

    def _skip(self, items: Iterator[Datapoint], number: int, until: int) -> int:
        return number + sum(1 for _ in islice(items, until - number))

    def _failed(self, course: Course, error: Exception) -> Exception:
        parcel = self._desk.parcel
        try:
            parcel.close()
        except DataFlowError as worse:
            error = worse
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        kind = type(error)
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = f"{kind.__module__}.{name}"
        self._desk.exhaust(course, parcel.first, Failure(str(error), name, text))
        return error

    def _note_state(self, number: int, *, due: bool = False) -> None:
        now = monotonic()
        if not self._resumable or (not due and now - self._state_at < STATE_S):
            return
        try:
            self._state = json.dumps(self._df.state_dict())
        except NotResumableError:
            self._resumable = False
            return
        self._state_seq, self._state_at = number, now
