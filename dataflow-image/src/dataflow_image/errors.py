"""Errors of dataflow-image.

    DataFlowError
    └── ImageDecodeError    .path .position; also ValueError

Facts are attributes with defaults, so that every error survives the trip between processes.
"""

from __future__ import annotations

from dataflow_core.errors import DataFlowError

__all__ = ["ImageDecodeError"]


class ImageDecodeError(DataFlowError, ValueError):
    """Bytes that should be an image cannot be decoded as one.

    Attributes:
        path: the file that holds the bytes, or None if they did not come from a file.
        position: the datapoint's position, or None where no flow is involved.
    """

    def __init__(
        self, message: str, *, path: str | None = None, position: int | None = None
    ) -> None:
        super().__init__(message)
        self.path = path
        self.position = position
