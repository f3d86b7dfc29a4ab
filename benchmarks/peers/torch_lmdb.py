"""PyTorch's DataLoader over an LMDB, for which its users write the data set."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import lmdb


class Records:
    """Values by index, from an environment that is opened when the first is read."""

    def __init__(self, path: str, count: int) -> None:
        self._path = path
        self._count = count
        self._environment: lmdb.Environment | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int, /) -> bytes:
        if self._environment is None:
            self._environment = lmdb.open(
                self._path, subdir=False, readonly=True, lock=False, readahead=False
            )
        with self._environment.begin() as transaction:
            return bytes(transaction.get(b"%08d" % index) or b"")

    def close(self) -> None:
        """Close the environment, which must not be opened twice in a process."""
        if self._environment is not None:
            self._environment.close()


def values(path: str, count: int, *, shuffle: bool) -> Iterator[bytes]:
    """Yield all values, read in this process."""
    records = Records(path, count)
    # By name: its types are known only where it is installed.
    data = import_module("torch.utils.data")
    try:
        yield from data.DataLoader(records, batch_size=None, shuffle=shuffle, num_workers=0)
    finally:
        records.close()
