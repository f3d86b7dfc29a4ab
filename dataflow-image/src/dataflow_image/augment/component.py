"""Augment one image of every datapoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dataflow_core import DataFlow, Datapoint
from dataflow_core.flow import Index, with_component
from dataflow_image.augment.flow import AugmentFlow
from dataflow_image.augment.images import first_image_at
from dataflow_image.imgaug import AugmentorList, ImageAugmentor

__all__ = ["AugmentImageComponent"]


class AugmentImageComponent(AugmentFlow):
    """Augment the image `dp[index]`; the other components pass as they are.

    Order: as `ds`. Duplicates: none. Loss: none, or with `catch_exceptions` what fails.
    Draws belong to the datapoint's position: they are the same on any backend and after a resume.

    Args:
        ds: the flow.
        augmentors: a list of augmentors, applied in its order, or an AugmentorList.
        index: position or key of the image: (height, width) or (height, width, channels), uint8
            or float.
        copy: keep the upstream's image apart. It is then neither written to by augmentors of your
            own that work in place, nor does what comes out share memory with it. Only what needs
            it is copied: the input of augmentors that come from outside `imgaug`, and results that
            are views, such as a mere crop. False leaves both out, for images that nobody else
            holds.
        catch_exceptions: leave out a datapoint on which an augmentor fails, count it in
            `num_dropped`, and log each kind of failure once, as a warning to the logger
            `dataflow_image`. A datapoint that has no image at `index` raises all the same.
        fuse: False applies what the augmentors draw one by one, to compare; pixels differ as
            AugmentorList says: by rounding, and where warps meet.

    Raises:
        TypeError: if `augmentors` holds something else.
        ComponentError: while iterating, if `dp[index]` is missing or no image.

    Example:
        >>> import numpy as np, dataflow_core as df
        >>> from dataflow_image import imgaug
        >>> flow = df.DataFromList([[np.zeros((40, 60, 3), np.uint8), "cat"]], shuffle=False)
        >>> flow = AugmentImageComponent(flow, [imgaug.Resize((20, 30)), imgaug.RandomCrop(16)])
        >>> [(image.shape, label) for image, label in flow]
        [((16, 16, 3), 'cat')]
    """

    def __init__(
        self,
        ds: DataFlow,
        augmentors: Sequence[ImageAugmentor] | AugmentorList,
        index: Index = 0,
        copy: bool = True,
        catch_exceptions: bool = False,
        *,
        fuse: bool = True,
    ) -> None:
        super().__init__(ds, augmentors, copy=copy, catch_exceptions=catch_exceptions, fuse=fuse)
        self.index = index

    def _augment(self, dp: Datapoint) -> Datapoint:
        image, _ = self._drawn(first_image_at(dp, self.index, type(self).__name__))
        return with_component(dp, self.index, image)

    def _indices(self) -> Mapping[str, object]:
        return {"index": self.index}
