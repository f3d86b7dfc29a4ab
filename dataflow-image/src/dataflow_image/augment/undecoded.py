"""Tell which stages may be given images undecoded."""

from __future__ import annotations

from dataflow_core import DataFlow
from dataflow_core.flow import Index
from dataflow_image.augment.component import AugmentImageComponent
from dataflow_image.augment.components import AugmentImageComponents
from dataflow_image.augment.coordinates import AugmentImageCoordinates

__all__ = ["takes_undecoded"]


def takes_undecoded(flow: DataFlow, index: Index) -> bool:
    """Tell whether `flow` draws for the image `dp[index]`, and can do so before it is decoded.

    >>> import dataflow_core as df
    >>> flow = AugmentImageComponent(df.DataFromList([["a.jpg", 1]], shuffle=False), [])
    >>> takes_undecoded(flow, 0), takes_undecoded(flow, 1)
    (True, False)
    """
    # Exact types only: what a subclass does to the datapoint, nobody here knows.
    image: object
    if type(flow) is AugmentImageComponent:
        image = flow.index
    elif type(flow) is AugmentImageCoordinates:
        image = flow.img_index
    elif type(flow) is AugmentImageComponents:
        image = flow.index[0]
    else:
        return False
    # What it catches is meant to be its own errors, not the decoder's.
    return image == index and not flow.catch_exceptions
