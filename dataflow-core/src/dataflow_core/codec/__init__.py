"""Datapoints as bytes that are safe to read; `docs/codec.md` specifies the format."""

from __future__ import annotations

from dataflow_core.codec.decoder import decode
from dataflow_core.codec.encoder import encode
from dataflow_core.codec.limits import DEFAULT, Limits
from dataflow_core.codec.packed import dumps, loads
from dataflow_core.codec.weight import weigh

__all__ = ["DEFAULT", "Limits", "decode", "dumps", "encode", "loads", "weigh"]
