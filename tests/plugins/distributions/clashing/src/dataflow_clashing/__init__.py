"""Claims names that others have."""

from __future__ import annotations


class Source:
    """Stands for any source."""
