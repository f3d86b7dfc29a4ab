"""Runs over several upstreams that are open at once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.run import Place, Run, Scope, close_all, position_of, upstream_places


def open_all(flows: Sequence[DataFlow], scope: Scope, place: Place | None) -> list[Run]:
    """Open every flow at its place, with random streams of its own."""
    runs: list[Run] = []
    with ExitStack() as opened:
        for flow, its_place in zip(flows, upstream_places(place, len(flows))):
            run = flow._open(scope.behind(flows[: len(runs)]), its_place)
            opened.callback(run.close)
            runs.append(run)
        opened.pop_all()
    return runs


class SeveralRun(Run):
    """What runs over several upstreams have in common: their places."""

    __slots__ = ("_upstreams",)

    def __init__(self, upstreams: list[Run], place: Place | None) -> None:
        super().__init__(position_of(place))
        self._upstreams = upstreams

    def place(self) -> Place:
        if self.position < 0:
            return 0
        return {
            "position": self.position + 1,
            "ds": [upstream.place() for upstream in self._upstreams],
        }

    def close(self) -> None:
        close_all(self._upstreams)
