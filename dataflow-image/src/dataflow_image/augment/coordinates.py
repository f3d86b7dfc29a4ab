"""Augment an image together with points in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dataflow_core import DataFlow, Datapoint
from dataflow_core.flow import Index, component, with_component
from dataflow_image.augment.flow import AugmentFlow
from dataflow_image.augment.images import first_image_at
from dataflow_image.imgaug import AugmentorList, ImageAugmentor

__all__ = ["AugmentImageCoordinates"]


class AugmentImageCoordinates(AugmentFlow):
    """Augment the image `dp[img_index]`, and move the points `dp[coords_index]` with it.

    Points are an (N, 2) array, x y, in continuous pixels: pixel (row, column) is centred on
    (column + 0.5, row + 0.5). Those that leave the image are neither clipped nor dropped. Floats
    keep their dtype, ints become float64.

    Order: as `ds`. Duplicates: none. Loss: none, or with `catch_exceptions` what fails.
    Draws belong to the datapoint's position: they are the same on any backend and after a resume.

    Args:
        ds: the flow.
        augmentors: a list of augmentors, applied in its order, or an AugmentorList.
        img_index: position or key of the image.
        coords_index: position or key of the points.
        copy: as in AugmentImageComponent, for the points too.
        catch_exceptions: as in AugmentImageComponent.
        fuse: as in AugmentImageComponent.

    Raises:
        TypeError: if `augmentors` holds something else.
        ValueError: if both indices are the same; while iterating, if the points are not (N, 2).
        NotImplementedError: while iterating, if an augmentor does not know how points move.
        ComponentError: while iterating, if a component is missing, or the image is none.

    Example:
        >>> import numpy as np, dataflow_core as df
        >>> from dataflow_image import imgaug
        >>> dp = {"image": np.zeros((40, 60), np.uint8), "points": np.array([[15.0, 10.0]])}
        >>> flow = df.DataFromList([dp], shuffle=False)
        >>> flow = AugmentImageCoordinates(flow, [imgaug.Resize((20, 30))], "image", "points")
        >>> [dp["points"].tolist() for dp in flow]
        [[[7.5, 5.0]]]
    """

    def __init__(
        self,
        ds: DataFlow,
        augmentors: Sequence[ImageAugmentor] | AugmentorList,
        img_index: Index = 0,
        coords_index: Index = 1,
        copy: bool = True,
        catch_exceptions: bool = False,
        *,
        fuse: bool = True,
    ) -> None:
        super().__init__(ds, augmentors, copy=copy, catch_exceptions=catch_exceptions, fuse=fuse)
        if img_index == coords_index:
            raise ValueError(
                f"{type(self).__name__}: img_index and coords_index are both {img_index!r};"
                " a component is either the image or the points"
            )
        self.img_index = img_index
        self.coords_index = coords_index

    def _augment(self, dp: Datapoint) -> Datapoint:
        stage = type(self).__name__
        img = first_image_at(dp, self.img_index, stage)
        coords = component(dp, self.coords_index, stage)
        image, transform = self._drawn(img)
        moved = transform.apply_coords(self._numbers(coords))
        return with_component(with_component(dp, self.img_index, image), self.coords_index, moved)

    def _indices(self) -> Mapping[str, object]:
        return {"img_index": self.img_index, "coords_index": self.coords_index}
