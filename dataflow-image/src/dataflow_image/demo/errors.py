"""What can go wrong in the demo."""

from __future__ import annotations

from dataflow_core import DataFlowError

__all__ = ["DemoError"]


class DemoError(DataFlowError):
    """The demo cannot run here, or an epoch was not what it should be."""
