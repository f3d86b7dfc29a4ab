"""The type of the fixture `dataflow`."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess

Script = Callable[..., "CompletedProcess[str]"]
