"""Lets integration tests import the random pipelines of dataflow-core's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "dataflow-core" / "tests"))
