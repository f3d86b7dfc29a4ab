"""Things with names: sources, operators, augmentors, backends, serializers and commands.

A name is an entry point of the group `dataflow.<kind>`. Names are listed from metadata, code is
imported when a name is asked for, and a plugin that does not work costs only its own names.
"""

from __future__ import annotations

from dataflow_core.discovery import Entry
from dataflow_core.registry.default import registry
from dataflow_core.registry.kinds import KINDS
from dataflow_core.registry.lookup import Registry

__all__ = ["KINDS", "Entry", "Registry", "registry"]
