"""Write a flow into an LMDB and read it back."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import SupportsIndex

from tqdm import tqdm

from dataflow_core import codec as safe_codec
from dataflow_core.errors import CodecError, NotResumableError, UnknownLengthError
from dataflow_core.flow import DataFlow, IndexedDataFlow
from dataflow_lmdb.background import BackgroundCommits
from dataflow_lmdb.errors import DatabaseExistsError
from dataflow_lmdb.location import PathLike
from dataflow_lmdb.records import LMDBRecords
from dataflow_lmdb.writer import DatabaseWriter, writing

#: Datapoints wait in memory for their transaction up to here, so that large ones do not fill it;
#: while they are written, as many more may gather.
MAX_WAITING_BYTES = 1 << 26


class LMDBSerializer:
    """Writes one epoch of a flow into an LMDB, a record for each datapoint, and reads it back.

    Keys are 00000000, 00000001, ...; values are in the codec of `dataflow_core.codec`, which is
    safe to read whoever wrote it. `__meta__` says so, and how far writing has come; `__keys__`
    says how keys follow from their number.

    Example:
        >>> import dataflow_core as df, tempfile
        >>> path = tempfile.mkdtemp() + "/squares.lmdb"
        >>> flow = df.DataFromList([[i, i * i] for i in range(4)], shuffle=False)
        >>> LMDBSerializer.save(flow, path, progress=False)
        4
        >>> list(LMDBSerializer.load(path, shuffle=False))
        [[0, 0], [1, 1], [2, 4], [3, 9]]
    """

    @staticmethod
    def save(
        df: DataFlow,
        path: PathLike,
        write_frequency: SupportsIndex = 5000,
        *,
        resume: bool = False,
        progress: bool = True,
    ) -> int:
        """Write the next epoch of `df`.

        A crash, of the machine too, leaves what has been committed: a database that can be read,
        and that `resume=True` completes with the very datapoints that are missing, given an equal
        `df`. An epoch that has been completed is left as it is by `resume=True`.

        Args:
            df: a flow; its `reset_state()` is called if it never was.
            path: a directory, or a single file: what is there; else a file if it ends in `.lmdb`
                or `.mdb`, else a directory. Its parent must exist.
            write_frequency: commit after so many datapoints, or sooner, when 64 MiB wait.
            resume: go on with what an earlier call has begun, if one has.
            progress: whether to show a progress bar.

        Returns:
            How many records the database has.

        Raises:
            DatabaseExistsError: if there are records and `resume` is False, or if the flow that
                they are from could not tell where to go on.
            FingerprintMismatchError: if `resume` finds records of another pipeline.
            CodecError: if a datapoint holds what the codec does not know; names the component.
            DatabaseWriteError: if the disk is full, or the place cannot be written to.
            LMDBError: if what is at `path` is no LMDB, or in use.
        """
        if not isinstance(df, DataFlow):
            raise TypeError(f"LMDBSerializer.save writes a DataFlow, not {type(df).__name__}")
        frequency = operator.index(write_frequency)
        if frequency < 1:
            raise ValueError(f"write_frequency is at least 1, got {frequency}")
        with writing(path, resume=resume) as writer:
            if not (resume and writer.meta.complete):
                _find_place(df, writer)
                _write(df, writer, frequency, progress=progress)
            return writer.meta.records

    @staticmethod
    def load(path: PathLike, shuffle: bool = True, codec: str | None = None) -> IndexedDataFlow:
        """Return a flow over the datapoints of a database.

        Args:
            path: a directory with a `data.mdb`, or a single file.
            shuffle: whether every epoch has an order of its own.
            codec: for databases that something else wrote: "pickle" (runs whatever code the writer
                chose), "msgpack-numpy", or what `register_codec` was told of.

        Raises:
            ValueError: if there is no such codec.
            ForeignCodecError: if the database does not say what its values are in.
            LMDBError: if there is no LMDB, or an empty one.
        """
        return LMDBRecords(path, shuffle, codec=codec)


def _find_place(df: DataFlow, writer: DatabaseWriter) -> None:
    """Move `df` to the datapoint that the database lacks."""
    meta = writer.meta
    if meta.records == 0:
        return
    if meta.state is None:
        raise DatabaseExistsError(
            f"{meta.records} records were written from a flow that cannot be resumed, so it is not"
            " known which datapoint is next: delete the database and start over"
        )
    df.load_state_dict(meta.state)


def _write(df: DataFlow, writer: DatabaseWriter, frequency: int, *, progress: bool) -> None:
    waiting: list[bytes] = []
    waiting_bytes = 0
    bar = tqdm(df, total=_length(df), initial=writer.meta.records, unit="dp", disable=not progress)
    # An iteration that an error leaves under way would be in the way of the next attempt.
    with bar, df, BackgroundCommits(writer) as commits:
        for dp in bar:
            try:
                value = safe_codec.dumps(dp)
            except CodecError as error:
                number = commits.records + len(waiting)
                raise CodecError(f"record {number} cannot be written: {error}") from error
            waiting.append(value)
            waiting_bytes += len(value)
            if len(waiting) >= frequency or waiting_bytes >= MAX_WAITING_BYTES:
                commits.commit(waiting, state=_state(df))
                waiting = []
                waiting_bytes = 0
        commits.commit(waiting, complete=True)


def _state(df: DataFlow) -> Mapping[str, object] | None:
    try:
        return df.state_dict()
    except NotResumableError:
        return None


def _length(df: DataFlow) -> int | None:
    try:
        return len(df)
    except UnknownLengthError:
        return None
