"""What the demo needs beyond dataflow-image itself."""

from __future__ import annotations

from importlib.util import find_spec

from dataflow_core import DataFlow
from dataflow_image.demo.errors import DemoError

__all__ = ["require"]

SERIALIZER = "lmdb_serializer"


def require(backend: str) -> None:
    """Check, before any work is done, that everything is installed.

    Raises:
        DemoError: something is missing; says in one line what, and the command that installs it.
        UnknownPluginError: there is no such backend; says which are near.
    """
    registry = DataFlow.registry
    missing = []
    if find_spec("skimage") is None:
        missing.append('"dataflow-image[demo]"')
    if SERIALIZER not in registry.serializers:
        missing.append("dataflow-lmdb")
    if backend == "zmq" and backend not in registry.backends:
        missing.append("dataflow-zmq")
    if missing:
        raise DemoError(f"the demo needs more than is installed: pip install {' '.join(missing)}")
    registry.get(backend, "backends")
