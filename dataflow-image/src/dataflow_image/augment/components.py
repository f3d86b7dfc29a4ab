"""Augment several images, and what is marked in them, by one transform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dataflow_core import Component, DataFlow, Datapoint
from dataflow_core.flow import Index, component, with_component
from dataflow_image.augment.boxes import moved_boxes
from dataflow_image.augment.flow import AugmentFlow
from dataflow_image.augment.images import first_image_at, image_at, refuse_other_size, size_after
from dataflow_image.imgaug import AugmentorList, ImageAugmentor
from dataflow_image.imgaug.spec import Image

__all__ = ["AugmentImageComponents"]


class AugmentImageComponents(AugmentFlow):
    """Augment several images of one size, with masks, points, boxes and polygons, alike.

    Augmentors draw for the first image; the transform they draw is then applied to all. Each
    parameter that ends on `index` is a tuple of positions or keys, or a single one.

    Order: as `ds`. Duplicates: none. Loss: none, or with `catch_exceptions` what fails.
    Draws belong to the datapoint's position: they are the same on any backend and after a resume.

    Args:
        ds: the flow.
        augmentors: a list of augmentors, applied in its order, or an AugmentorList.
        index: images, of one height and width; their values are interpolated, and changed by
            operations on colours.
        coords_index: (N, 2) points, x y; those that leave the image are kept.
        copy: as in AugmentImageComponent, for everything that is named.
        catch_exceptions: as in AugmentImageComponent.
        fuse: as in AugmentImageComponent.
        mask_index: masks of any dtype, of the images' height and width; values are copied, never
            mixed, and no operation on colours touches them.
        box_index: (N, 4) boxes, x0 y0 x1 y1; what comes out are the upright boxes around the
            transformed ones, clipped to the image. What one augmentor cuts off or pushes out of
            the frame does not come back with the next. Boxes that have left have no area.
        polygon_index: lists of (N, 2) points.
        per_box_index: arrays with a row for each box, such as their classes. From these and from
            the boxes the rows of boxes that have left the image are taken out; without it they
            stay, and `imgaug.clip_boxes` tells which they are.

    Raises:
        TypeError: if `augmentors` holds something else.
        ValueError: if no image is named, or a component twice; while iterating, if sizes differ
            or points and boxes are None or of another shape.
        NotImplementedError: while iterating, if an augmentor does not know how to move points or
            change masks.
        ComponentError: while iterating, if a component is missing, or an image is none.

    Example:
        >>> import numpy as np, dataflow_core as df
        >>> from dataflow_image import imgaug
        >>> dp = [np.zeros((4, 6, 3), np.uint8), np.eye(4, 6, dtype=bool), [[0, 0, 2, 1]]]
        >>> flow = AugmentImageComponents(
        ...     df.DataFromList([dp], shuffle=False),
        ...     [imgaug.Flip(horiz=True, prob=1.0)],
        ...     index=0,
        ...     mask_index=1,
        ...     box_index=2,
        ... )
        >>> [image, mask, boxes] = next(iter(flow))
        >>> mask[0].tolist(), boxes.tolist()
        ([False, False, False, False, False, True], [[4.0, 0.0, 6.0, 1.0]])
    """

    def __init__(  # noqa: PLR0913  # each kind of mark has its own way to move
        self,
        ds: DataFlow,
        augmentors: Sequence[ImageAugmentor] | AugmentorList,
        index: Index | Sequence[Index] = (0, 1),
        coords_index: Index | Sequence[Index] = (),
        copy: bool = True,
        catch_exceptions: bool = False,
        *,
        fuse: bool = True,
        mask_index: Index | Sequence[Index] = (),
        box_index: Index | Sequence[Index] = (),
        polygon_index: Index | Sequence[Index] = (),
        per_box_index: Index | Sequence[Index] = (),
    ) -> None:
        super().__init__(ds, augmentors, copy=copy, catch_exceptions=catch_exceptions, fuse=fuse)
        self.index = _indices_of(index)
        self.coords_index = _indices_of(coords_index)
        self.mask_index = _indices_of(mask_index)
        self.box_index = _indices_of(box_index)
        self.polygon_index = _indices_of(polygon_index)
        self.per_box_index = _indices_of(per_box_index)
        if self.per_box_index and len(self.box_index) != 1:
            raise ValueError(
                f"{type(self).__name__}: per_box_index needs box_index to name one component, it "
                f"names {len(self.box_index)}"
            )
        if not self.index:
            raise ValueError(f"{type(self).__name__}: index must name at least one image")
        named = [one for indices in self._indices().values() for one in indices]
        for one in named:
            if named.count(one) > 1:
                raise ValueError(f"{type(self).__name__}: component {one!r} is named twice")

    def _augment(self, dp: Datapoint) -> Datapoint:
        first = first_image_at(dp, self.index[0], type(self).__name__)
        image, transform = self._drawn(first)
        changed = with_component(dp, self.index[0], image)
        for index in self.index[1:]:
            image = self._applied(transform.apply_image, self._image(dp, index))
            changed = with_component(changed, index, image)
        for index in self.mask_index:
            mask = self._applied(transform.apply_mask, self._image(dp, index))
            changed = with_component(changed, index, mask)
        for index in self.coords_index:
            points = transform.apply_coords(self._numbers(self._mark(dp, index)))
            changed = with_component(changed, index, points)
        size = size_after(transform, changed[self.index[0]])
        for index in self.box_index:
            given = self._numbers(self._mark(dp, index))
            boxes, is_empty = moved_boxes(transform, given, first, size)
            if self.per_box_index:
                boxes = boxes[~is_empty]
                changed = self._without_rows(changed, is_empty)
            changed = with_component(changed, index, boxes)
        for index in self.polygon_index:
            polygons = [self._numbers(polygon) for polygon in self._mark(dp, index)]
            changed = with_component(changed, index, transform.apply_polygons(polygons))
        return changed

    def _without_rows(self, dp: Datapoint, is_empty: npt.NDArray[np.bool_]) -> Datapoint:
        for index in self.per_box_index:
            rows = np.asarray(self._mark(dp, index))
            if len(rows) != len(is_empty):
                raise ValueError(
                    f"component {index!r} has {len(rows)} rows for {len(is_empty)} boxes"
                )
            dp = with_component(dp, index, rows[~is_empty])
        return dp

    def _image(self, dp: Datapoint, index: Index) -> Image:
        """Return a further image or a mask, if it is of the first one's size."""
        img = image_at(dp, index, type(self).__name__)
        refuse_other_size(img, index, dp[self.index[0]], self.index[0])
        return img

    def _mark(self, dp: Datapoint, index: Index) -> Component:
        mark = component(dp, index, type(self).__name__)
        if mark is None:
            raise ValueError(
                f"{type(self).__name__}: component {index!r} is None; where nothing is marked, "
                "an empty list says so"
            )
        return mark

    def _indices(self) -> Mapping[str, tuple[Index, ...]]:
        indices = {
            "index": self.index,
            "coords_index": self.coords_index,
            "mask_index": self.mask_index,
            "box_index": self.box_index,
            "polygon_index": self.polygon_index,
            "per_box_index": self.per_box_index,
        }
        return {name: named for name, named in indices.items() if named}


def _indices_of(given: Index | Sequence[Index]) -> tuple[Index, ...]:
    return tuple(given) if isinstance(given, (list, tuple)) else (given,)
