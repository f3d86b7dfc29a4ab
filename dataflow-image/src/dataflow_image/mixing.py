"""Mix the images of a batch with one another, and their labels with them."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_core import ComponentError, DataFlow, Datapoint, rng
from dataflow_core.flow import Index, PointwiseFlow, component, with_component
from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.transforms.dtypes import KNOWN_TO_OPENCV

__all__ = ["CutMix", "MixUp"]

_IMAGE_BATCH_NDIMS = (3, 4)
_LABEL_NDIM = 2


class _Mixing(PointwiseFlow):
    """Mixes each image of a batch with the one before it, and the first with the last."""

    _may_drop: ClassVar[bool] = False

    def __init__(
        self,
        ds: DataFlow,
        alpha: float,
        index: Index,
        label_index: Index,
        num_classes: int | None,
    ) -> None:
        super().__init__(ds)
        owner = type(self).__name__
        self.alpha = arguments.finite(owner, "alpha", alpha)
        if self.alpha <= 0:
            raise ValueError(f"{owner}: alpha must be above zero, got {alpha!r}")
        if index == label_index:
            raise ValueError(f"{owner}: index and label_index are both {index!r}")
        self.index = index
        self.label_index = label_index
        self.num_classes = (
            None
            if num_classes is None
            else arguments.positive_int(owner, "num_classes", num_classes)
        )

    @abstractmethod
    def _mixed(
        self, images: npt.NDArray[Any], share: float, random: np.random.Generator
    ) -> tuple[npt.NDArray[Any], float]:
        """Return the mixed images, and the share that each one's own part really has."""

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        return self._mix

    def _mix(self, dp: Datapoint) -> Datapoint:
        stage = type(self).__name__
        images = component(dp, self.index, stage)
        if not isinstance(images, np.ndarray) or images.ndim not in _IMAGE_BATCH_NDIMS:
            raise ComponentError(
                f"{stage}: component {self.index!r} is no batch of images, an array of shape "
                "(N, height, width) or (N, height, width, channels): put BatchData before it"
            )
        labels = self._shares(component(dp, self.label_index, stage), len(images))
        random = rng()
        images, share = self._mixed(images, random.beta(self.alpha, self.alpha), random)
        # The arithmetic's type is the labels', float32 as a rule.
        own = labels.dtype.type(share)
        labels = own * labels + (1 - own) * np.roll(labels, 1, axis=0)
        return with_component(with_component(dp, self.index, images), self.label_index, labels)

    def _shares(self, labels: Any, count: int) -> npt.NDArray[Any]:
        """Return labels as (N, classes) floats."""
        given = np.asarray(labels)
        if given.ndim == _LABEL_NDIM and np.issubdtype(given.dtype, np.floating):
            shares = given
        elif given.ndim == 1 and np.issubdtype(given.dtype, np.integer):
            if self.num_classes is None:
                raise ComponentError(
                    f"{type(self).__name__}: mixed labels are shares of classes, and these are "
                    "numbers of classes; say how many there are with num_classes="
                )
            if given.size and not 0 <= given.min() <= given.max() < self.num_classes:
                raise ComponentError(
                    f"{type(self).__name__}: labels from {given.min()} to {given.max()} do not fit "
                    f"num_classes={self.num_classes}"
                )
            shares = np.eye(self.num_classes, dtype=np.float32)[given]
        else:
            raise ComponentError(
                f"{type(self).__name__}: labels are ints (N,) or floats (N, classes), got shape "
                f"{given.shape} of {given.dtype}"
            )
        if len(shares) != count:
            raise ComponentError(f"{type(self).__name__}: {count} images, but {len(shares)} labels")
        return shares

    def _params(self) -> Mapping[str, object]:
        return {
            "alpha": self.alpha,
            "index": self.index,
            "label_index": self.label_index,
            "num_classes": self.num_classes,
        }


class MixUp(_Mixing):
    """Blend each image of a batch with the one before it: share * image + (1 - share) * other.

    One share is drawn per batch, from Beta(alpha, alpha); labels are blended alike. After Zhang et
    al., "mixup: Beyond Empirical Risk Minimization".

    Order: as `ds`. Duplicates, loss: none. Draws belong to the batch's position.

    Args:
        ds: the flow, whose datapoints are batches.
        alpha: above zero; small ones leave most batches nearly as they are.
        index: images, (N, height, width) or (N, height, width, channels); their dtype, float or
            ints of up to 32 bits but uint32, is kept.
        label_index: classes, (N,) ints, or shares of classes, (N, classes) floats. What comes out
            are shares, float32 if ints came in.
        num_classes: how many classes there are; needed for ints.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: `alpha` or `num_classes` is not positive, or both indices are the same.
        ComponentError: while iterating, if there are no such images and labels.

    Example:
        >>> import dataflow_core as df
        >>> dps = [[np.full((4, 6, 3), 80 * n, np.uint8), n] for n in range(3)]
        >>> flow = df.BatchData(df.DataFromList(dps, shuffle=False), 3)
        >>> [(images.shape, labels.sum(axis=1).round(4).tolist())
        ...  for images, labels in MixUp(flow, num_classes=3)]
        [((3, 4, 6, 3), [1.0, 1.0, 1.0])]
    """

    def __init__(
        self,
        ds: DataFlow,
        alpha: float = 0.2,
        index: Index = 0,
        label_index: Index = 1,
        num_classes: int | None = None,
    ) -> None:
        super().__init__(ds, alpha, index, label_index, num_classes)

    def _mixed(
        self, images: npt.NDArray[Any], share: float, random: np.random.Generator
    ) -> tuple[npt.NDArray[Any], float]:
        dtype = images.dtype
        if dtype == np.float16:
            mixed, share = self._mixed(images.astype(np.float32), share, random)
            return mixed.astype(np.float16), share
        if dtype not in KNOWN_TO_OPENCV:
            raise ComponentError(
                f"MixUp: component {self.index!r} has images of {dtype}, which cannot be blended: "
                "put ToUint8 or ToFloat32 before BatchData"
            )
        if not images.size:
            return images, share
        rows = images.reshape(len(images), -1)
        mixed = cv2.addWeighted(rows, share, np.roll(rows, 1, axis=0), 1.0 - share, 0.0)
        return mixed.reshape(images.shape), share


class CutMix(_Mixing):
    """Replace a window in each image of a batch by that of the image before it.

    One window is drawn per batch: its area 1 - share of the image, share from Beta(alpha, alpha),
    its centre anywhere, cut off at the image's edges. Labels are blended by the area that is left.
    After Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
    Features".

    Order: as `ds`. Duplicates, loss: none. Draws belong to the batch's position.

    Args:
        ds: the flow, whose datapoints are batches.
        alpha: above zero; 1 makes all areas as likely.
        index: images, (N, height, width) or (N, height, width, channels); their dtype is kept.
        label_index: classes, (N,) ints, or shares of classes, (N, classes) floats. What comes out
            are shares, float32 if ints came in.
        num_classes: how many classes there are; needed for ints.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: `alpha` or `num_classes` is not positive, or both indices are the same.
        ComponentError: while iterating, if there are no such images and labels.

    Example:
        >>> import dataflow_core as df
        >>> dps = [[np.full((40, 60), 100 * n, np.uint8), n] for n in range(2)]
        >>> flow = CutMix(df.BatchData(df.DataFromList(dps, shuffle=False), 2), num_classes=2)
        >>> images, labels = next(iter(flow))
        >>> bool(np.isclose((images[1] == 0).mean(), labels[1, 0]))
        True
    """

    def __init__(
        self,
        ds: DataFlow,
        alpha: float = 1.0,
        index: Index = 0,
        label_index: Index = 1,
        num_classes: int | None = None,
    ) -> None:
        super().__init__(ds, alpha, index, label_index, num_classes)

    def _mixed(
        self, images: npt.NDArray[Any], share: float, random: np.random.Generator
    ) -> tuple[npt.NDArray[Any], float]:
        h, w = images.shape[1:3]
        side = 0.5 * math.sqrt(1.0 - share)
        y, x = random.integers(h), random.integers(w)
        y0, y1 = max(0, int(y - side * h)), min(h, int(y + side * h))
        x0, x1 = max(0, int(x - side * w)), min(w, int(x + side * w))
        mixed = images.copy()
        mixed[:, y0:y1, x0:x1] = np.roll(images[:, y0:y1, x0:x1], 1, axis=0)
        return mixed, 1.0 - (y1 - y0) * (x1 - x0) / (h * w)
