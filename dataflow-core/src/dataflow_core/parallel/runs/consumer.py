"""The steps over groups that stay with the consumer, where an error need not end the epoch."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.chain_run import calls_in_turn
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Place, Run, Scope
from dataflow_core.parallel.engine.engine import raise_failure
from dataflow_core.parallel.policy import OnError
from dataflow_core.parallel.runs.groups import GroupsRun
from dataflow_core.parallel.steps import Steps
from dataflow_core.parallel.task import Draws, Result


class ConsumerRun(Run):
    """Runs one-by-one steps on groups that a worker could not know; the policy is the workers'."""

    __slots__ = ("_chain", "_groups", "_on_error", "_scope")

    def __init__(self, groups: GroupsRun, chain: Chain, scope: Scope, on_error: OnError) -> None:
        self._groups = groups
        self._chain = chain
        self._scope = scope
        self._on_error = on_error

    @property
    def position(self) -> int:  # type: ignore[override]
        """The group's."""
        return self._groups.position

    def __iter__(self) -> Iterator[Datapoint]:
        groups, stages = self._groups, self._chain.steps
        steps = Steps(calls_in_turn(stages), [step.stage._label() for step in stages])
        streams = self._chain.streams(self._scope)
        draws = Draws(self._scope.seed, self._scope.epoch, streams)
        for group in groups:
            result = Result(0, [], [])
            context = steps.context(draws, streams)
            try:
                steps.run(context, [groups.position], [group], result, self._on_error)
            except BaseException:  # an interrupt: all else is in the result
                groups.give_back()
                raise
            failure = groups.ledger.take_group(result)
            if failure is not None:
                groups.give_back()
                raise_failure(failure)
            yield from result.outputs

    def place(self) -> Place:
        return self._groups.place()

    def give_back(self) -> None:
        self._groups.give_back()

    def close(self) -> None:
        self._groups.close()
