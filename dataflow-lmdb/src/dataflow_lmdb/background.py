"""Commit in the background: the flow runs on while the disk is waited for.

Only then. Handing records to LMDB lets go of the interpreter after every one of them, and a thread
that computes gives it back after milliseconds: together they would take many times as long.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from dataflow_lmdb.writer import DatabaseWriter

if TYPE_CHECKING:
    from typing_extensions import Self


class BackgroundCommits:
    """Hands records to a thread that commits them, in order, one lot at a time.

    Invariant: `records <= writer.meta.records + len(lot under way)`, so a second lot is handed over
    only when the first is on disk, and at most two are in memory.

    Leaving the `with` statement waits for what is under way. If the statement ends well, errors of
    committing are raised there, else by the next `commit`.

    Attributes:
        records: how many have been handed over, with those that were there before.
    """

    def __init__(self, writer: DatabaseWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="dataflow-lmdb-commit")
        self._under_way: Future[None] | None = None
        self.records = writer.meta.records

    def commit(
        self,
        values: Sequence[bytes],
        *,
        state: Mapping[str, object] | None = None,
        complete: bool = False,
    ) -> None:
        """Commit records, as DatabaseWriter.commit does; returns when only the disk is to wait for.

        Raises:
            LMDBError: if committing the records before these has failed.
        """
        self._wait()
        self.records += len(values)
        handed_over = threading.Event()
        self._under_way = self._thread.submit(
            self._writer.commit, values, state=state, complete=complete, handed_over=handed_over.set
        )
        # If it fails before that, too.
        self._under_way.add_done_callback(lambda _: handed_over.set())
        handed_over.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self._thread.shutdown()
        if kind is None:
            self._wait()

    def _wait(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()
