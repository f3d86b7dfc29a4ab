"""`dataflow preview`: a contact sheet of what a pipeline really yields."""

from __future__ import annotations

from dataflow_image.preview.command import preview

__all__ = ["preview"]
