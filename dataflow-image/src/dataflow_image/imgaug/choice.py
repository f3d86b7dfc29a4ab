"""Augmentors that choose among augmentors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.augmentor_list import Course, check_augmentor, check_layout
from dataflow_image.imgaug.draws import uniforms
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import NoOpTransform, Transform, TransformList

__all__ = ["Identity", "RandomApplyAug", "RandomChooseAug", "RandomOrderAug"]

_SUM_TOLERANCE = 1e-6


class Identity(ImageAugmentor):
    """Change nothing.

    >>> Identity()
    Identity()
    """

    reads_pixels = False

    def get_transform(self, img: Image) -> Transform:
        """Return a NoOpTransform."""
        return NoOpTransform()


class RandomApplyAug(ImageAugmentor):
    """Apply an augmentor with some probability, and else nothing.

    >>> RandomApplyAug(Identity(), 0.5)
    RandomApplyAug(aug=Identity(), prob=0.5)

    Args:
        aug: the augmentor.
        prob: within [0, 1].

    Raises:
        TypeError: `aug` is no ImageAugmentor.
        ValueError: `prob` is no probability.
    """

    def __init__(self, aug: ImageAugmentor, prob: float) -> None:
        self.aug = check_augmentor("RandomApplyAug", aug)
        self.prob = arguments.probability("RandomApplyAug", "prob", prob)
        self.reads_pixels = aug.reads_pixels

    def get_transform(self, img: Image) -> Transform:
        """Draw whether to apply, and then the augmentor's transform."""
        if self.rng.random() >= self.prob:
            return NoOpTransform()
        return self.aug.get_transform(img)

    def _members(self) -> Sequence[ImageAugmentor]:
        return (self.aug,)


class RandomChooseAug(ImageAugmentor):
    """Apply one of several augmentors.

    >>> RandomChooseAug([(Identity(), 1.0)])
    RandomChooseAug(aug_lists=[(Identity(), 1.0)])

    Args:
        aug_lists: augmentors, all as likely; or pairs (augmentor, probability) that sum to 1.

    Raises:
        TypeError: a member is no augmentor.
        ValueError: there is none, or the probabilities do not sum to 1.
    """

    def __init__(
        self, aug_lists: Sequence[ImageAugmentor] | Sequence[tuple[ImageAugmentor, float]]
    ) -> None:
        owner = "RandomChooseAug"
        if not aug_lists:
            raise ValueError(f"{owner}: aug_lists is empty")
        equal = 1.0 / len(aug_lists)
        pairs = [entry if isinstance(entry, tuple) else (entry, equal) for entry in aug_lists]
        if any(len(pair) != 2 for pair in pairs):
            raise TypeError(f"{owner}: aug_lists must hold pairs (augmentor, probability)")
        self.aug_lists = list(aug_lists)
        self._augmentors = [check_augmentor(owner, augmentor) for augmentor, _ in pairs]
        weights = [arguments.probability(owner, "probability", weight) for _, weight in pairs]
        if abs(sum(weights) - 1.0) > _SUM_TOLERANCE:
            raise ValueError(f"{owner}: probabilities must sum to 1, got {sum(weights):g}")
        self._thresholds = list(accumulate(weights))
        self.reads_pixels = any(aug.reads_pixels for aug in self._augmentors)

    def get_transform(self, img: Image) -> Transform:
        """Draw an augmentor, and then its transform."""
        draw = self.rng.random() * self._thresholds[-1]
        chosen = min(bisect_right(self._thresholds, draw), len(self._augmentors) - 1)
        return self._augmentors[chosen].get_transform(img)

    def _members(self) -> Sequence[ImageAugmentor]:
        return self._augmentors


class RandomOrderAug(ImageAugmentor):
    """Apply all of several augmentors, in an order drawn anew for each image.

    >>> RandomOrderAug([Identity(), Identity()])
    RandomOrderAug(aug_lists=[Identity(), Identity()])

    Args:
        aug_lists: the augmentors.

    Raises:
        TypeError: a member is no augmentor.
        ValueError: something could come after ChannelsFirst.
    """

    def __init__(self, aug_lists: Sequence[ImageAugmentor]) -> None:
        self.aug_lists = [check_augmentor("RandomOrderAug", aug) for aug in aug_lists]
        if len(self.aug_lists) > 1:
            # Any of them may come first.
            check_layout("RandomOrderAug", self.aug_lists)
        self.reads_pixels = any(aug.reads_pixels for aug in self.aug_lists)

    def get_transform(self, img: Image) -> TransformList:
        """Draw an order, and then every member's transform."""
        return self._course(img).transform()

    def augment_with_transform(self, img: Image) -> tuple[Image, TransformList]:
        """Return the augmented image and the transform that made it."""
        course = self._course(img)
        return course.finish(), course.transform()

    def _course(self, img: Image) -> Course:
        course = Course(img)
        draws = uniforms(self.rng, len(self.aug_lists))
        # Ranking uniform numbers is a uniform permutation.
        order = sorted(range(len(draws)), key=draws.__getitem__)
        course.draw([self.aug_lists[index] for index in order])
        return course

    def _members(self) -> Sequence[ImageAugmentor]:
        return self.aug_lists
