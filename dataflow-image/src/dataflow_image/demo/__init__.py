"""`dataflow demo`: photographs through a whole pipeline, checked, timed, and shown."""

from __future__ import annotations

from dataflow_image.demo.command import demo

__all__ = ["demo"]
