"""What all integration tests share: how many examples, and where the random pipelines are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.append(str(Path(__file__).parents[2] / "dataflow-core" / "tests"))

settings.register_profile(
    "integration",
    deadline=None,
    max_examples=int(os.environ.get("DATAFLOW_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("integration")
