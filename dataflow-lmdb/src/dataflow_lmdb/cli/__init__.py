"""The commands that this package adds to `dataflow`."""

from __future__ import annotations

from dataflow_lmdb.cli.convert import convert
from dataflow_lmdb.cli.info import info

__all__ = ["convert", "info"]
