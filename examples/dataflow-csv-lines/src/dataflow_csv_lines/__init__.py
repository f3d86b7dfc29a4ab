"""CSV files as a DataFlow source."""

from __future__ import annotations

from dataflow_csv_lines.numbers import ParseNumbers
from dataflow_csv_lines.source import CSVLines

__all__ = ["CSVLines", "ParseNumbers"]
