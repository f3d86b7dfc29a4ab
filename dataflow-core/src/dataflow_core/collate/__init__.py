"""How datapoints become a batch, or columns: pure functions of a list of datapoints."""

from __future__ import annotations

from dataflow_core.collate.alike import Numbers, listed_if_alike, split, stacked_if_alike
from dataflow_core.collate.allocation import Allocate, allocating
from dataflow_core.collate.columns import (
    Form,
    is_small_array,
    put_together,
    rows_of,
    stacked,
    taken_apart,
)
from dataflow_core.collate.components import collate_lists, collate_padded, collate_stacked
from dataflow_core.collate.freed import keep_freed_memory
from dataflow_core.collate.pad import pad
from dataflow_core.collate.rows import Rows, row
from dataflow_core.collate.stack import stack

__all__ = [
    "Allocate",
    "Form",
    "Numbers",
    "Rows",
    "allocating",
    "collate_lists",
    "collate_padded",
    "collate_stacked",
    "is_small_array",
    "keep_freed_memory",
    "listed_if_alike",
    "pad",
    "put_together",
    "row",
    "rows_of",
    "split",
    "stack",
    "stacked",
    "stacked_if_alike",
    "taken_apart",
]
