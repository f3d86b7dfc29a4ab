"""The base of all augmentors, and the one place that decides whose random numbers they draw."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataflow_core.flow import identify
from dataflow_core.rng import rng_at_hand
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import PhotometricTransform, Transform

__all__ = ["ImageAugmentor", "PhotometricAugmentor"]


class ImageAugmentor(ABC):
    """Draws a transform for each image.

    A subclass writes `get_transform` and takes its random numbers from `self.rng`. It keeps its
    parameters under the names of its constructor's arguments, which is where `repr` finds them;
    pipelines are compared by their reprs. One object serves many threads at once: nothing that
    belongs to one image may be kept on it.

    >>> from dataflow_image.imgaug import FlipTransform, NoOpTransform
    >>> class SometimesMirror(ImageAugmentor):
    ...     def __init__(self, prob):
    ...         self.prob = prob
    ...
    ...     def get_transform(self, img):
    ...         if self.rng.random() >= self.prob:
    ...             return NoOpTransform()
    ...         return FlipTransform(*img.shape[:2])
    >>> SometimesMirror(1.0).augment(np.uint8([[1, 2, 3]])).tolist()
    [[3, 2, 1]]
    >>> SometimesMirror(0.25)
    SometimesMirror(prob=0.25)

    Attributes:
        reads_pixels: whether `get_transform` needs the image itself. False promises that it looks
            at nothing but shape and dtype, and that its transforms' `spec_after` always knows the
            answer; an AugmentorList then asks it before the pixels are there, which lets it fuse
            more.
    """

    reads_pixels: bool = True

    @abstractmethod
    def get_transform(self, img: Image) -> Transform:
        """Draw the transform for `img`, (height, width) or (height, width, channels).

        `img` must not be written to.
        """

    def augment(self, img: Image) -> Image:
        """Draw a transform and return the transformed image, which may share memory with `img`."""
        return self.augment_with_transform(img)[0]

    def augment_with_transform(self, img: Image) -> tuple[Image, Transform]:
        """Return the transformed image and its transform, for what else is marked in the image."""
        transform = self.get_transform(img)
        return transform.apply_image(img), transform

    @property
    def rng(self) -> np.random.Generator:
        """The generator of the datapoint at hand; outside of any flow, one of the augmentor's own.

        Within a flow, draws depend on the datapoint's position alone, never on threads or workers.
        """
        of_datapoint = rng_at_hand()
        if of_datapoint is not None:
            return of_datapoint
        own: np.random.Generator | None = self.__dict__.get("_own_rng")
        # setdefault is atomic, so threads that come here together agree on one generator.
        if own is None:
            own = self.__dict__.setdefault("_own_rng", np.random.default_rng())
        return own

    def reset_state(self, seed: int | np.random.SeedSequence | None = None) -> None:
        """Seed the draws made outside of any flow; within a flow it has no effect.

        Args:
            seed: the same seed gives the same draws; None takes a fresh one.
        """
        sequence = (
            seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        )
        own, *of_members = sequence.spawn(1 + len(self._members()))
        self.__dict__["_own_rng"] = np.random.default_rng(own)
        for member, member_seed in zip(self._members(), of_members, strict=True):
            member.reset_state(member_seed)

    def _members(self) -> Sequence[ImageAugmentor]:
        """Return the augmentors that this one consists of, for seeding."""
        return ()

    def __repr__(self) -> str:
        """Return the constructor's call."""
        names = inspect.signature(type(self)).parameters
        present = (name for name in names if hasattr(self, name))
        arguments = ", ".join(f"{name}={identify(getattr(self, name))}" for name in present)
        return f"{type(self).__name__}({arguments})"


class PhotometricAugmentor(ImageAugmentor):
    """Draws parameters, and changes an image's values by them; coordinates and masks stay.

    A subclass writes `_augment`, and `_get_augment_params` if it draws.

    >>> class Darken(PhotometricAugmentor):
    ...     def _get_augment_params(self, img):
    ...         return self.rng.uniform(0.5, 1.0)
    ...
    ...     def _augment(self, img, params):
    ...         return (img * params).astype(img.dtype)
    >>> bool(Darken().augment(np.full((2, 2), 200, np.uint8)).max() < 200)
    True
    """

    def get_transform(self, img: Image) -> Transform:
        """Draw the parameters."""
        return PhotometricTransform(_Augment(self, self._get_augment_params(img)))

    def _get_augment_params(self, img: Image) -> Any:
        """Draw what `_augment` needs for one image."""
        return None

    @abstractmethod
    def _augment(self, img: Image, params: Any) -> Image:
        """Return a new image, of the same height and width; `img` must not be written to."""


@dataclass(frozen=True, repr=False)
class _Augment:
    """Bound parameters, as a function that compares by value and can be pickled."""

    augmentor: PhotometricAugmentor
    params: Any

    def __repr__(self) -> str:
        return f"{self.augmentor!r} with {self.params!r}"

    def __call__(self, img: Image) -> Image:
        return self.augmentor._augment(img, self.params)
