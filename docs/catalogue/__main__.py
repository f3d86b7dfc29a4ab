"""Bring the catalogue in the current folder up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from catalogue.build import build

for file in build(Path.cwd()):
    sys.stdout.write(f"{file.name}\n")
