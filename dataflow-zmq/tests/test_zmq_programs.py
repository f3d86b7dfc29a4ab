"""The names that scripts know, in a script."""

from __future__ import annotations

from pathlib import Path

from dataflow_core.testing import run_program

SCRIPT = """
import numpy as np
from dataflow_core import BatchData, DataFlow, MapData, RNGDataFlow
from dataflow_zmq import PrefetchDataZMQ

class MyDataFlow(RNGDataFlow):
    def get_data(self):
        for number in range(20):
            yield [self.rng.random((4, 4)), number]

df = MyDataFlow()
df = MapData(df, lambda dp: [dp[0] * FACTOR, dp[1] + 1])
FACTOR = 3
df = BatchData(df, 4)
sequential = df
df = PrefetchDataZMQ(df, 3)
df.reset_state(7)
labels = [batch[1].tolist() for batch in df.get_data()]
images = [batch[0] for batch in df]
sequential.reset_state(7)
list(sequential)
assert all(np.array_equal(a, b[0]) for a, b in zip(images, sequential))
print(labels)
"""


def test_a_script_with_the_older_names_runs_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    labels = [[*range(first, first + 4)] for first in range(1, 20, 4)]
    assert run_program(["-"], tmp_path, SCRIPT) == str(labels)
