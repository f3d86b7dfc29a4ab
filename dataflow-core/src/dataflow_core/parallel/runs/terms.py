"""On what terms a flow runs in parallel: what its runs share."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from dataflow_core.flow.run import Run
from dataflow_core.parallel.engine.engine import Engine
from dataflow_core.parallel.engine.lease import Keeper, Leased
from dataflow_core.parallel.engine.ledger import Counts, Ledger
from dataflow_core.parallel.engine.overtaking import Overtaking
from dataflow_core.parallel.engine.window import Window
from dataflow_core.parallel.policy import OnError
from dataflow_core.parallel.task import Task


@dataclass(frozen=True, eq=False)
class Terms:
    """What a run needs besides the plan.

    Attributes:
        keeper: of the workers.
        window: how far they may be ahead.
        counts: of the flow.
        max_errors: how many datapoints may be skipped; see `Ledger`.
        quarantine: where skipped datapoints are written down.
        on_error: what to do about a datapoint that workers die of.
        overtaking: by how many datapoints or groups results may come out of order.
    """

    keeper: Keeper
    window: Window
    counts: Counts
    max_errors: float | None = None
    quarantine: Path | None = None
    on_error: OnError = "raise"
    overtaking: float = 0

    def engine(
        self,
        leased: Leased,
        tasks: Generator[Task, None, None],
        feed: Run | None = None,
        overtaking: Overtaking | None = None,
    ) -> Engine:
        """Return an engine for a run; `feed` is what the tasks are cut of."""
        return Engine(
            leased.pool,
            tasks,
            self.window,
            idle=None if feed is None else feed.idle,
            numbers=leased.numbers,
            counts=self.counts,
            overtaking=overtaking,
            on_error=self.on_error,
        )

    def ledger(self, epoch: int) -> Ledger:
        """Return new books for a run."""
        return Ledger(self.counts, self.max_errors, self.quarantine, epoch)
