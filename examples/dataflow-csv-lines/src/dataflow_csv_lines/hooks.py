"""The hook. Show it with `logging.basicConfig(level="INFO")`."""

from __future__ import annotations

import logging

from dataflow_core.hooks import hookimpl

_log = logging.getLogger(__name__)


@hookimpl
def dataflow_epoch_finished(epoch: int, position: int, completed: bool) -> None:
    """Log how far an epoch came."""
    _log.info("epoch %d %s at %d", epoch, "ended" if completed else "was broken off", position)
