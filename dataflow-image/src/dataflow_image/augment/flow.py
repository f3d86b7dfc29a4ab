"""What the augmenting operators share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dataflow_core import DataFlow, Datapoint
from dataflow_core.collate import row
from dataflow_core.flow import PointwiseFlow
from dataflow_image.augment.caught import CaughtErrors
from dataflow_image.augment.writers import may_write
from dataflow_image.imgaug import AugmentorList, ImageAugmentor, Transform
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import Coords
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["AugmentFlow"]


class AugmentFlow(PointwiseFlow):
    """A stage that draws from augmentors for every datapoint; its subclasses write `_augment()`."""

    writes_rows = True

    def __init__(
        self,
        ds: DataFlow,
        augmentors: Sequence[ImageAugmentor] | AugmentorList,
        *,
        copy: bool,
        catch_exceptions: bool,
        fuse: bool,
    ) -> None:
        super().__init__(ds)
        if not isinstance(augmentors, AugmentorList):
            augmentors = AugmentorList(augmentors, fuse)
        elif augmentors.fuse and not fuse:
            augmentors = AugmentorList(augmentors.augmentors, fuse)
        self.augmentors = augmentors
        self.copy = bool(copy)
        self.catch_exceptions = bool(catch_exceptions)
        self._copies_first = self.copy and may_write(self.augmentors)
        self._caught = CaughtErrors()

    @property
    def num_dropped(self) -> int:
        """How many datapoints `catch_exceptions` has left out in this process so far.

        Worker processes count on their own; threads count here.
        """
        return self._caught.count

    @abstractmethod
    def _augment(self, dp: Datapoint) -> Datapoint:
        """Return the augmented datapoint; `dp` must not be changed."""

    @property
    def _may_drop(self) -> bool:
        return self.catch_exceptions

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        if self.catch_exceptions:
            return self._caught.dropping(self._augment, type(self).__name__)
        return self._augment

    def _drawn(self, img: Image | Undecoded) -> tuple[Image, Transform]:
        """Draw for an image; return it augmented, in its batch if it can be, and the transform."""
        # What is decoded only now has no other holder.
        given = img.copy() if self._copies_first and not isinstance(img, Undecoded) else img
        augmented, transform = self.augmentors.augment_with_transform(given, row)
        whole = img.decoded if isinstance(img, Undecoded) else img
        return augmented if whole is None else self._apart(augmented, whole), transform

    def _applied(self, apply: Callable[[Image], Image], img: Image) -> Image:
        """Return `apply(img)` for a further image or mask."""
        return self._apart(apply(img.copy() if self._copies_first else img), img)

    def _apart(self, result: Image, img: Image) -> Image:
        return result.copy() if self.copy and np.may_share_memory(result, img) else result

    def _numbers(self, marks: npt.ArrayLike) -> Coords:
        """Return points or boxes, which are few, as an array for a transform to work on."""
        return np.array(marks) if self.copy else np.asarray(marks)

    def _params(self) -> Mapping[str, object]:
        # Their parameters would make one line of explain() a page.
        kinds = [type(augmentor) for augmentor in self.augmentors.augmentors]
        return {"*augmentors": kinds, **self._indices(), **self._options()}

    def _fingerprint_params(self) -> Mapping[str, object]:
        augmentors = ", ".join(map(repr, self.augmentors.augmentors))
        return {"*augmentors": f"[{augmentors}]", **self._indices(), **self._options()}

    @abstractmethod
    def _indices(self) -> Mapping[str, object]:
        """Return which components are meant, for repr and fingerprint."""

    def _options(self) -> Mapping[str, object]:
        # `copy` changes no stream.
        options: dict[str, object] = {"catch_exceptions": True} if self.catch_exceptions else {}
        return options if self.augmentors.fuse else {**options, "fuse": False}
