"""Pools outlive epochs: the one owner of a flow's workers."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from dataflow_core.errors import ParallelError
from dataflow_core.parallel.backend import Pool


class Leased:
    """A pool in the hands of one run.

    Attributes:
        pool: the workers.
        numbers: of tasks; they go on from run to run, so that late answers are known as such.
    """

    __slots__ = ("numbers", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.numbers = count()


class Keeper:
    """Starts a pool when it is first needed and keeps it for the next run.

    The pool is closed by `close()`, when the keeper is collected, and when the interpreter exits.
    """

    def __init__(self, start: Callable[[], Pool]) -> None:
        self._start = start
        self._kept: Leased | None = None
        self._busy = False
        self._owner = os.getpid()
        self._finalizer: weakref.finalize[[int, Pool], Keeper] | None = None

    @contextmanager
    def lease(self) -> Iterator[Leased]:
        """Lend the pool to a run; a second run at the same time gets one of its own."""
        if self._busy and self._owner == os.getpid():
            leased = Leased(self._start())
            try:
                yield leased
            finally:
                leased.pool.close()
            return
        if self._owner != os.getpid():
            # A fork: the workers are the parent's, and stay so.
            self._kept, self._owner, self._finalizer = None, os.getpid(), None
        if self._kept is None:
            self._kept = Leased(self._start())
            self._finalizer = weakref.finalize(self, _close_in, os.getpid(), self._kept.pool)
        self._busy = True
        leased = self._kept
        try:
            yield leased
        except (ParallelError, KeyboardInterrupt):
            # Of workers that could not start, or died of their tasks, nothing more is expected;
            # and Ctrl-C may have come in the middle of a message.
            self.close()
            raise
        finally:
            self._busy = False
            _cancel_in(self._owner, leased.pool)

    def close(self) -> None:
        """Stop the workers; the next lease starts new ones."""
        if self._finalizer is not None and self._owner == os.getpid():
            self._finalizer()
        self._kept, self._finalizer, self._busy = None, None, False


def _cancel_in(owner: int, pool: Pool) -> None:
    """Cancel what a run left in a pool, but not from a fork that got a copy of the run."""
    if owner == os.getpid():
        pool.cancel()


def _close_in(owner: int, pool: Pool) -> None:
    """Close a pool, but not from a fork of the process that started it."""
    if owner == os.getpid():
        pool.close()
