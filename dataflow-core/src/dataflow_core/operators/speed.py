"""Measure how fast a flow is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar, SupportsIndex

from dataflow_core.errors import EmptyDataFlowError
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.proxy import ProxyDataFlow


class TestDataSpeed(ProxyDataFlow):
    """Run a flow as fast as it goes and tell its datapoints per second.

    Args:
        ds: the flow; it is iterated anew when an epoch ends.
        size: how many datapoints to time.
        warmup: how many to run before.

    Example:
        >>> import dataflow_core as df
        >>> speed = TestDataSpeed(df.FakeData([[2]], size=10), size=100).start()
        >>> speed > 0
        True
    """

    #: Tells pytest that this is no test.
    __test__: ClassVar[bool] = False

    _transparent: ClassVar[bool] = True

    def __init__(self, ds: DataFlow, size: SupportsIndex = 5000, warmup: SupportsIndex = 0) -> None:
        super().__init__(ds)
        self.test_size = checked_count(size, "size", "TestDataSpeed")
        self.warmup = checked_count(warmup, "warmup", "TestDataSpeed", at_least=0)

    def start(self, *, progress: bool = True) -> float:
        """Run, with a progress bar, and return datapoints per second.

        Raises:
            EmptyDataFlowError: if `ds` has no datapoints.
        """
        from tqdm import tqdm

        self.reset_state()
        wanted = self.warmup + self.test_size
        began = time.perf_counter()
        done = 0
        with tqdm(total=self.test_size, unit="dp", disable=not progress) as bar:
            while done < wanted:
                before = done
                for _ in self.ds:
                    done += 1
                    if done == self.warmup:
                        began = time.perf_counter()
                    elif done > self.warmup:
                        bar.update()
                    if done == wanted:
                        break
                if done == before:
                    raise EmptyDataFlowError(f"{self.ds._label()} has no datapoints to time")
            seconds = time.perf_counter() - began
        return self.test_size / seconds

    def start_test(self) -> float:
        """The older name of `start()`."""
        return self.start()

    def _params(self) -> Mapping[str, object]:
        return {"size": self.test_size, "warmup": self.warmup}
