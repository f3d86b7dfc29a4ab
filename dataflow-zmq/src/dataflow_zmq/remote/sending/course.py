"""An epoch of the sender's flow, as it is served."""

from __future__ import annotations

from dataclasses import dataclass, field

from dataflow_zmq.remote.wire.spans import Spans


@dataclass(frozen=True)
class Failure:
    """What the sender's pipeline raised, as text."""

    message: str
    error_type: str
    traceback: str


@dataclass(eq=False)
class Course:
    """One run through an epoch.

    Attributes:
        number: counts the courses of a stream from 1.
        epoch: the flow's.
        state: the flow's state, as JSON, to begin at; "": the beginning of the epoch.
        state_seq: the number of the datapoint that comes at `state`.
        first: the number of the first datapoint to hand out.
        begins: the number of the epoch's first datapoint, as far as one receiver had them all.
        receivers: which iteration of which receiver took part.
        jobs: see `Entry.job`; of all that took part.
        counts: how many datapoints each lineage has consumed; all that ever took part are in.
        exhausted: whether all datapoints were produced.
        ended: whether all of them were consumed.
        began: whether the flow's state where it begins is known.
        failure: what the pipeline raised after the last datapoint.
    """

    number: int
    epoch: int
    first: int
    begins: int
    state: str = ""
    state_seq: int = 0
    receivers: dict[bytes, int] = field(default_factory=dict)
    jobs: set[int] = field(default_factory=set)
    counts: dict[bytes, int] = field(default_factory=dict)
    exhausted: bool = False
    ended: bool = False
    began: bool = False
    failure: Failure | None = None


@dataclass(eq=False)
class Progress:
    """How far a stream is.

    Attributes:
        settled: numbers of the datapoints that are consumed, or belong to courses given up.
        produced: the number after the last datapoint that was offered.
        state: the latest state that is known of the flow, as JSON.
        state_seq: its number.
    """

    settled: Spans = field(default_factory=Spans)
    produced: int = 0
    state: str = ""
    state_seq: int = 0

    @property
    def low(self) -> int:
        """All datapoints below this number are settled."""
        return self.settled.end_of(0)
