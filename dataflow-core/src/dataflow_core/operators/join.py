"""Components of several flows side by side."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from dataflow_core.errors import ComponentError, UnknownLengthError
from dataflow_core.flow.checks import checked_flows
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.run import Place, Run, Scope
from dataflow_core.operators.several import SeveralRun, open_all


class JoinData(DataFlow):
    """The first datapoints of all flows as one, then the second ones, and so on.

    Lists and tuples are put side by side (a tuple if all are tuples, else a list), dicts merged.
    Stops with the shortest flow; warns at construction if known lengths differ.

    Raises:
        TypeError: if `df_lists` is not a list of flows.
        ValueError: if it is empty.
        ComponentError: while iterating, if a key is in two dicts, or dicts meet lists.

    Example:
        >>> import dataflow_core as df
        >>> one = df.DataFromList([[1], [2]], shuffle=False)
        >>> list(JoinData([one, one.map(lambda dp: [dp[0] * 10])]))
        [[1, 10], [2, 20]]
    """

    def __init__(self, df_lists: Sequence[DataFlow]) -> None:
        self._join(df_lists, frames=2)

    @classmethod
    def _short_form(cls, ds: DataFlow, *others: DataFlow) -> JoinData:
        joined = cls.__new__(cls)
        joined._join([ds, *others], frames=2)
        return joined

    def _join(self, df_lists: Sequence[DataFlow], frames: int) -> None:
        """Take the flows, and warn whoever called `frames` frames above if they do not match."""
        self.df_lists = checked_flows(df_lists, "JoinData")
        lengths = [_length(ds) for ds in self.df_lists]
        if len({length for length in lengths if length is not None}) > 1:
            warnings.warn(
                f"JoinData joins flows of different lengths {lengths} and stops with the shortest",
                stacklevel=1 + frames,
            )

    def __len__(self) -> int:
        return min(map(len, self.df_lists))

    def _upstreams(self) -> Sequence[DataFlow]:
        return self.df_lists

    @property
    def _stateless(self) -> bool:
        return all(ds._stateless for ds in self.df_lists)

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _JoinRun(open_all(self.df_lists, scope, place), place)


def _length(ds: DataFlow) -> int | None:
    try:
        return len(ds)
    except UnknownLengthError:
        return None


class _JoinRun(SeveralRun):
    __slots__ = ("_taken",)

    def __init__(self, upstreams: list[Run], place: Place | None) -> None:
        super().__init__(upstreams, place)
        self._taken: list[Datapoint] = []

    def __iter__(self) -> Iterator[Datapoint]:
        iterators = [iter(upstream) for upstream in self._upstreams]
        while True:
            datapoints: list[Datapoint] = []
            self._taken = datapoints
            try:
                # One by one, so that those taken are known when a flow raises.
                for iterator in iterators:
                    datapoints.append(next(iterator))  # noqa: PERF401
            except StopIteration:
                return
            except BaseException:
                self._give_back_taken()
                raise
            try:
                joined = _joined(datapoints)
            except ComponentError as error:
                self._give_back_taken()
                note_place(error, "JoinData", self.position + 1)
                raise
            self.position += 1
            yield joined

    def _give_back_taken(self) -> None:
        for upstream, _ in zip(self._upstreams, self._taken):
            upstream.give_back()

    def give_back(self) -> None:
        self.position -= 1
        self._give_back_taken()


def _joined(datapoints: Sequence[Any]) -> Datapoint:
    if all(isinstance(dp, dict) for dp in datapoints):
        merged: dict[Any, Any] = {}
        for dp in datapoints:
            twice = merged.keys() & dp.keys()
            if twice:
                raise ComponentError(
                    f"JoinData would overwrite {sorted(map(repr, twice))}, which two flows have;"
                    " rename it in one of them with a map"
                )
            merged.update(dp)
        return merged
    if not all(isinstance(dp, (list, tuple)) for dp in datapoints):
        kinds = [type(dp).__name__ for dp in datapoints]
        raise ComponentError(f"JoinData joins lists and tuples, or dicts; these are {kinds}")
    components = [component for dp in datapoints for component in dp]
    return tuple(components) if all(isinstance(dp, tuple) for dp in datapoints) else components
