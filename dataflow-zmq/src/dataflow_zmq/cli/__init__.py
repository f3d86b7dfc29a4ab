"""The commands that this package adds to `dataflow`."""

from __future__ import annotations
