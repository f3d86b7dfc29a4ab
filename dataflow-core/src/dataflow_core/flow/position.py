"""Tell which datapoint is at hand, for errors that name it."""

from __future__ import annotations

from dataflow_core.rng import at_hand


def position_at_hand() -> int | None:
    """Return the position of the datapoint that this thread works on, or None if there is none.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([["a"], ["b"]], shuffle=False)
        >>> list(flow.map(lambda dp: [*dp, position_at_hand()]))
        [['a', 0], ['b', 1]]
        >>> position_at_hand() is None
        True
    """
    context = at_hand()
    return None if context is None else context.position
