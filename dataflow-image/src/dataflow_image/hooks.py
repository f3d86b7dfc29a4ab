"""What dataflow-image does at certain moments; see the hooks of dataflow_core."""

from __future__ import annotations

import cv2

from dataflow_core.hooks import hookimpl

__all__ = ["dataflow_worker_started"]

#: Backends whose workers share the user's process, whose settings are the user's.
_IN_PROCESS = frozenset({"inline", "thread"})


@hookimpl
def dataflow_worker_started(backend: str) -> None:
    """Give every worker process one thread: as many as there are CPUs in each would compete."""
    if backend not in _IN_PROCESS:
        cv2.setNumThreads(0)
