"""How datapoints become a batch: pure functions from a list of datapoints to one."""

from __future__ import annotations

from dataflow_core.collate.allocation import Allocate, allocating
from dataflow_core.collate.components import collate_lists, collate_padded, collate_stacked
from dataflow_core.collate.freed import keep_freed_memory
from dataflow_core.collate.pad import pad
from dataflow_core.collate.rows import Rows, row
from dataflow_core.collate.stack import stack
from dataflow_core.collate.uniform import split, uniform

__all__ = [
    "Allocate",
    "Rows",
    "allocating",
    "collate_lists",
    "collate_padded",
    "collate_stacked",
    "keep_freed_memory",
    "pad",
    "row",
    "split",
    "stack",
    "uniform",
]
