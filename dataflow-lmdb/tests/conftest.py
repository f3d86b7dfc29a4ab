from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import lmdb
import pytest

Make: TypeAlias = "Callable[[Mapping[bytes, bytes]], str]"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write an LMDB as any other tool would."""

    def write(records: Mapping[bytes, bytes]) -> str:
        path = str(tmp_path / f"made{len(list(tmp_path.iterdir()))}")
        with (
            lmdb.open(path, map_size=1 << 26) as environment,
            environment.begin(write=True) as txn,
        ):
            for key, value in records.items():
                assert txn.put(key, value)
        return path

    return write


@pytest.fixture
def numbered(make: Make) -> str:
    """Records 00000000 ... 00000019, whose values are their squares."""
    return make({b"%08d" % i: str(i * i).encode() for i in range(20)})
