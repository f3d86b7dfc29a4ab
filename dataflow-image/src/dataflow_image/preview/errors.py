"""What can go wrong in a preview."""

from __future__ import annotations

from dataflow_core import DataFlowError

__all__ = ["PreviewError"]


class PreviewError(DataFlowError):
    """There is nothing to show."""
