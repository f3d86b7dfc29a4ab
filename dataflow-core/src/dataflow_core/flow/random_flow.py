"""A flow that draws random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dataflow_core.errors import NoRandomStreamError
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.run import Scope

if TYPE_CHECKING:
    from dataflow_core.flow.opaque import OpaqueRun


class RNGDataFlow(DataFlow):
    """A flow whose `get_data()` draws from `self.rng`.

    `self.rng` is a new `numpy.random.Generator` for every epoch; its draws depend on the seed
    given to `reset_state()`, the place of the stage in the pipeline, and the epoch.

    Example:
        >>> class Noise(RNGDataFlow):
        ...     def get_data(self):
        ...         for _ in range(3):
        ...             yield [self.rng.random()]
        >>> flow = Noise()
        >>> flow.reset_state(seed=1)
        >>> first, second = list(flow), list(flow)
        >>> flow.reset_state(seed=1)
        >>> list(flow) == first != second
        True
    """

    _draws: ClassVar[bool] = True
    _rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """The generator of the present epoch; of epoch 0 from `reset_state()` on."""
        return self._present_rng()

    @rng.setter
    def rng(self, generator: np.random.Generator) -> None:
        self._rng = generator

    def _present_rng(self) -> np.random.Generator:
        if self._rng is None:
            raise NoRandomStreamError(
                f"{type(self).__name__}.rng exists from reset_state() on; draw in get_data(), or"
                " in reset_state() after super().reset_state()"
            )
        return self._rng

    def _prepare(self, scope: Scope, epochs_apart: int, owner: OpaqueRun | None = None) -> None:
        super()._prepare(scope, epochs_apart, owner)
        self._rng = scope.generator(self)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in super().__getstate__().items() if name != "_rng"}
