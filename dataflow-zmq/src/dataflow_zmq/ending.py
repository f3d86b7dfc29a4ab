"""The end of a ZeroMQ context, which must not become the end of a program's patience."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

import zmq

#: Longer than what was sent last may take to leave.
PATIENCE_S = 5.0

_log = logging.getLogger("dataflow_zmq")


def end(context: zmq.Context[Any]) -> None:
    """Terminate a context whose sockets are closed.

    Once in about a thousand times libzmq does not come back from that, although nothing is left to
    be waited for. Then the context is left to the end of the process.
    """
    if sys.is_finalizing():
        return  # No thread would begin any more, and the process ends what is left.
    ending = threading.Thread(target=context.term, name="dataflow-zmq-end", daemon=True)
    try:
        ending.start()
    except RuntimeError:
        return  # The interpreter is shutting down, and the process ends what is left.
    ending.join(PATIENCE_S)
    if ending.is_alive():
        _log.warning("ZeroMQ did not end a context within %g s; it is left behind", PATIENCE_S)
