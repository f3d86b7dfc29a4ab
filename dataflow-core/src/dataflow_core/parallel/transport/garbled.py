"""What arrives and is nothing that anyone meant to send."""

from __future__ import annotations


class GarbledError(ValueError):
    """What the other end of a connection sent is no message; nothing more can be read from it."""
