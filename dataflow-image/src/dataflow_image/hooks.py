"""What dataflow-image does at certain moments; see the hooks of dataflow_core."""

from __future__ import annotations

import os
import sys

from dataflow_core.hooks import hookimpl

__all__ = ["dataflow_worker_started"]

#: Backends whose workers share the user's process, whose settings are the user's.
_IN_PROCESS = frozenset({"inline", "thread"})

#: OpenCV reads this when it is loaded.
_NUM_THREADS = "OPENCV_FOR_THREADS_NUM"


@hookimpl
def dataflow_worker_started(backend: str) -> None:
    """Give every worker process one thread: as many as there are CPUs in each would compete."""
    if backend in _IN_PROCESS:
        return
    os.environ[_NUM_THREADS] = "1"
    # A pipeline without images need not load it.
    if "cv2" in sys.modules:
        import cv2

        cv2.setNumThreads(0)
