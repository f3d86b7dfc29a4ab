"""Consecutive datapoints that travel together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dataflow_core.codec import Limits

#: A parcel is closed when it is about this large, or holds this many datapoints.
PARCEL_BYTES = 1 << 16
PARCEL_DATAPOINTS = 4096

#: What a receiver takes from a sender. A list of datapoints is one level deeper than they are.
LIMITS = Limits(max_depth=65, max_frames=1 << 16, max_bytes=1 << 36)

Frame = bytes | memoryview


@dataclass(eq=False)
class Parcel:
    """Datapoints `first` ... `first + count - 1` of a stream.

    Attributes:
        first: number of the first.
        count: how many.
        frames: their encoded form, as one list.
        state: the flow's state, as JSON, at number `state_seq`; "" if there is none.
        state_seq: at or before `first`.
        done: how many, from the first on, are consumed.
    """

    first: int
    count: int
    frames: list[Frame]
    state: str = ""
    state_seq: int = 0
    done: int = 0

    @cached_property
    def nbytes(self) -> int:
        """Bytes of all frames."""
        return sum(memoryview(frame).nbytes for frame in self.frames)

    @property
    def end(self) -> int:
        """The number after the last datapoint's."""
        return self.first + self.count
