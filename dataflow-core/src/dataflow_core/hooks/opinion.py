"""What a hook may answer."""

from __future__ import annotations

from typing import Literal, TypeAlias

Opinion: TypeAlias = Literal["raise", "skip", "retry"]
"""What to do with a datapoint that failed."""
