"""Leave out datapoints that fail, count them, and log every kind of failure once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from dataflow_core import ComponentError, Datapoint
from dataflow_core.flow import DROP, position_at_hand

__all__ = ["CaughtErrors"]

_log = logging.getLogger(__name__)


class CaughtErrors:
    """The exceptions that one stage has caught in this process, from all threads.

    Attributes:
        count: how many there were.
    """

    def __init__(self) -> None:
        self.count = 0
        self._known: set[tuple[type[Exception], str, int]] = set()
        self._lock = threading.Lock()

    def dropping(self, call: Callable[[Datapoint], Datapoint], stage: str) -> Callable[..., object]:
        """Return `call`, but with DROP where it raises.

        A ComponentError goes through: it tells of a mistake in the pipeline, not in the data.
        """

        def guarded(dp: Datapoint) -> Datapoint:
            try:
                return call(dp)
            except ComponentError:
                raise
            except Exception as error:  # noqa: BLE001  to go on whatever happens was asked for
                self._take(error, stage)
                return DROP

        return guarded

    def _take(self, error: Exception, stage: str) -> None:
        kind = (type(error), *_origin(error))
        with self._lock:
            self.count += 1
            known = kind in self._known
            self._known.add(kind)
        if not known:
            _log.warning(
                "%s dropped the datapoint at position %s; what else fails in the same line is"
                " counted, not logged",
                stage,
                position_at_hand(),
                exc_info=error,
            )

    def __reduce__(self) -> tuple[type[CaughtErrors], tuple[()]]:
        """A copy, in a worker process say, starts to count anew."""
        return CaughtErrors, ()


def _origin(error: Exception) -> tuple[str, int]:
    """Return the file and the line that raised; messages may differ for every image."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return ("", 0) if frame is None else (frame.tb_frame.f_code.co_filename, frame.tb_lineno)
