"""The source."""

from __future__ import annotations

import csv
from itertools import accumulate
from os import PathLike

from dataflow_core import IndexedDataFlow


class CSVLines(IndexedDataFlow):
    """The lines of a CSV file in UTF-8, each as a list of str.

    The file is read once to find where its lines begin, 8 bytes of memory or so for each; a line
    is read when it is asked for. A field must not contain a line break.

    Order: as in the file, or with `shuffle=True` another one every epoch.

    Args:
        path: the file.
        shuffle: whether every epoch has an order of its own.

    Raises:
        OSError: the file cannot be read.
    """

    def __init__(self, path: str | PathLike[str], shuffle: bool = False) -> None:
        super().__init__(shuffle=shuffle)
        self.path = path
        with open(path, "rb") as file:
            self._bounds = [0, *accumulate(map(len, file))]

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, index: int, /) -> list[str]:
        # Opened here: threads would disturb each other's place in one file, and an open file
        # cannot travel to a worker process.
        with open(self.path, "rb") as file:
            file.seek(self._bounds[index])
            line = file.read(self._bounds[index + 1] - self._bounds[index])
        return next(csv.reader([line.decode()]))
