"""What is installed: entry points read from metadata, without importing a plugin.

Both the registry (things with names) and the hooks (moments in time) stand on this. It reads
with the standard library's `importlib.metadata` rather than with its backport: from Python 3.10
on that has all that is needed here, pluggy loads it anyway, and a second copy would cost every
process another 10 ms.
"""

from __future__ import annotations

from dataflow_core.discovery.entry import Entry
from dataflow_core.discovery.scan import Scan, scan
from dataflow_core.discovery.switch import DISABLE_VARIABLE, same_distribution

__all__ = ["DISABLE_VARIABLE", "Entry", "Scan", "same_distribution", "scan"]
