"""From the bytes of an image file to pixels: no more of them than are needed, or a clear error."""

from __future__ import annotations

from dataflow_image.decoding.encoded import decode_image
from dataflow_image.decoding.operator import DecodeImage

__all__ = ["DecodeImage", "decode_image"]
