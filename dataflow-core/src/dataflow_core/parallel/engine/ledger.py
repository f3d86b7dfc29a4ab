"""The books of a run: what went in, came out, was dropped, and was skipped.

datapoints in = out + dropped + skipped
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dataflow_core.errors import TooManyErrorsError
from dataflow_core.parallel.task import Failure, Result, Skipped, Task


@dataclass
class Counts:
    """Totals since the flow was made.

    Attributes:
        datapoints_in: inputs of the workers' part.
        datapoints_out: what it handed out, before any grouping.
        dropped: by maps and filters.
        skipped: because a stage failed on them.
        retries: of datapoints (or batches) that a stage failed on.
        groups_skipped: batches, because a stage over them failed; their members came out.
        tasks: that were answered.
        workers_lost: processes that died.
        tasks_rerun: that were given to another worker.
        copied_out: results that found no room in shared memory and were copied instead.
    """

    datapoints_in: int = 0
    datapoints_out: int = 0
    dropped: int = 0
    skipped: int = 0
    retries: int = 0
    groups_skipped: int = 0
    tasks: int = 0
    workers_lost: int = 0
    tasks_rerun: int = 0
    copied_out: int = 0


class Ledger:
    """Counts results, writes down what was skipped, and says when it is too much.

    Args:
        counts: to add to.
        max_errors: how many datapoints may be skipped in a run; a fraction of those that went in,
            if it is a float; None is without bound.
        quarantine: a file that gets a line of JSON for each of them.
    """

    def __init__(
        self, counts: Counts, max_errors: float | None, quarantine: Path | None, epoch: int
    ) -> None:
        self._counts = counts
        self._max_errors = max_errors
        self._quarantine = quarantine
        self._epoch = epoch
        self._seen = 0
        self._skipped = 0

    def take(self, task: Task, result: Result) -> Result:
        """Book a result, and return it; cut off where more was skipped than is allowed."""
        kept = len(result.positions)
        inputs = kept if task.count else len(task.inputs)
        for number, skipped in enumerate(result.skipped):
            self._skipped += 1
            # Not what else is in the task: how many share one is a matter of speed.
            if self._too_many(self._seen + bisect_right(task.positions, skipped.position)):
                result = self._cut(result, skipped, result.skipped[: number + 1])
                break
        self._seen += inputs
        self._write(result.skipped)
        counts = self._counts
        counts.tasks += 1
        counts.datapoints_in += inputs
        counts.retries += result.retried
        counts.copied_out += result.copied_out
        counts.datapoints_out += kept
        counts.skipped += len(result.skipped)
        if result.failure is None:
            counts.dropped += inputs - kept - len(result.skipped)
        return result

    def take_group(self, result: Result) -> Failure | None:
        """Book what the consumer's steps made of a group, and return why the run ends, if so."""
        self._counts.retries += result.retried
        for skipped in result.skipped:
            self._skipped += 1
            self._counts.groups_skipped += 1
            self._write([skipped])
            if self._too_many(self._seen):
                return Failure(self._error(skipped), skipped.traceback)
        return result.failure

    def _too_many(self, seen: int) -> bool:
        allowed = self._max_errors
        if allowed is None:
            return False
        if allowed and isinstance(allowed, float):
            # One error is a small fraction of a whole epoch, but all of its first datapoint.
            return self._skipped > max(1.0, allowed * seen)
        return self._skipped > allowed

    def _cut(self, result: Result, last: Skipped, skipped: Sequence[Skipped]) -> Result:
        before = sum(1 for position in result.positions if position < last.position)
        return Result(
            result.number,
            [*result.outputs[:before]],
            [*result.positions[:before]],
            failure=Failure(self._error(last), last.traceback),
            skipped=[*skipped],
        )

    def _error(self, last: Skipped) -> TooManyErrorsError:
        return TooManyErrorsError(
            f"{self._skipped} datapoints were skipped, which is more than max_errors="
            f"{self._max_errors} allows; the last one, at position {last.position} in stage"
            f" {last.stage}, because of {last.error}",
            skipped=self._skipped,
        )

    def _write(self, skipped: Sequence[Skipped]) -> None:
        if self._quarantine is None or not skipped:
            return
        with self._quarantine.open("a", encoding="utf-8") as lines:
            for one in skipped:
                lines.write(json.dumps({"epoch": self._epoch, **asdict(one)}) + "\n")
