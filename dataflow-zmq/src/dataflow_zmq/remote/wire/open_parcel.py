"""The parcel that is being filled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from dataflow_core import CodecError
from dataflow_core.codec import weigh
from dataflow_core.flow import Datapoint
from dataflow_zmq.remote.wire.columns import pack
from dataflow_zmq.remote.wire.parcel import (
    PARCEL_BYTES,
    PARCEL_DATAPOINTS,
    Parcel,
)

#: While a receiver has nothing to do a parcel is filled no longer than this, however small it is.
FILL_S = 0.002

#: A flow that takes longer than this for a datapoint does not hold back those before it.
STUCK_S = 0.005


class OpenParcel:
    """Datapoints that were produced and not offered yet.

    One thread adds and one takes away what the other is too slow to offer, which is why offering
    happens under the lock: parcels are offered in order.

    Args:
        offer: takes a parcel.
        wake: called when the first datapoint of a parcel is there and somebody waits for it.
    """

    def __init__(self, offer: Callable[[Parcel], None], wake: Callable[[], None]) -> None:
        self._offer = offer
        self._wake = wake
        self._lock = threading.Lock()
        self._datapoints: list[Datapoint] = []
        self._weight = 0
        self._opened = 0.0
        self._most = PARCEL_DATAPOINTS
        self._whole = False
        self._state = ""
        self._state_seq = 0
        self.first = 0
        #: Whether a receiver has nothing to do.
        self.hungry = False

    def begin(self, first: int, most: int | None, state: str, state_seq: int) -> None:
        """Begin with datapoint number `first`.

        Args:
            first: its number.
            most: how many datapoints the parcel may hold; all of these have to be in it. None: it
                is closed where it is best.
            state: the flow's state, as JSON, at number `state_seq`.
            state_seq: see `state`.
        """
        with self._lock:
            self.first = first
            self._state, self._state_seq = state, state_seq
            self._most = PARCEL_DATAPOINTS if most is None else most
            self._whole = most is not None

    def add(self, datapoint: Datapoint) -> bool:
        """Add the next datapoint; return whether the parcel is to be closed."""
        weight = weigh(datapoint)
        with self._lock:
            datapoints = self._datapoints
            if not datapoints:
                self._opened = monotonic()
                if self.hungry:
                    self._wake()
            datapoints.append(datapoint)
            self._weight += weight
            if self._whole:
                return len(datapoints) >= self._most
            return (
                self._weight >= PARCEL_BYTES
                or len(datapoints) >= self._most
                or (self.hungry and monotonic() - self._opened > FILL_S)
            )

    def close(self) -> None:
        """Offer what is there.

        Raises:
            CodecError: a datapoint cannot be sent; those before it are offered.
        """
        with self._lock:
            if not self._datapoints:
                return
            try:
                parcel = self._parcel(len(self._datapoints))
            except CodecError:
                parcel = self._parcel(self._sound())
                if parcel is not None:
                    self._offer(parcel)
                raise
            if parcel is not None:
                self._offer(parcel)

    def cut(self, now: float) -> tuple[Parcel | None, float | None]:
        """Take away what is there, if its producer has been elsewhere for too long.

        Returns:
            A parcel, if there is one, and else when there might be.
        """
        if not self._lock.acquire(blocking=False):
            return None, None
        try:
            if not self._datapoints or self._whole:
                return None, None
            due = self._opened + STUCK_S
            if now < due:
                return None, due
            return self._parcel(len(self._datapoints)), None
        except CodecError:
            return None, None  # its producer will meet it, too
        finally:
            self._lock.release()

    def clear(self) -> None:
        """Forget what is there."""
        with self._lock:
            self._datapoints = []
            self._weight = 0

    def _parcel(self, count: int) -> Parcel | None:
        if not count:
            return None
        frames = pack(self._datapoints[:count])
        parcel = Parcel(self.first, count, frames, self._state, self._state_seq)
        self.first += count
        self._datapoints = self._datapoints[count:]
        self._weight = 0
        return parcel

    def _sound(self) -> int:
        """Return how many datapoints come before the one that cannot be sent."""
        for number, datapoint in enumerate(self._datapoints):
            try:
                pack([datapoint])
            except CodecError:
                return number
        return len(self._datapoints)
