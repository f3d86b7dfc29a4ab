"""Several augmentors as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.channels_first import ChannelsFirst
from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms import Empty, Transform, TransformList
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["AugmentorList", "Course", "check_augmentor", "check_layout"]


class AugmentorList(ImageAugmentor):
    """Augment by each of several augmentors in turn.

    What they draw is fused before any pixel is touched: crops become views, neighbouring colour
    operations one map. Where a member needs the pixels that its predecessors leave, fusion stops
    and starts anew behind it.

    >>> import numpy as np
    >>> from dataflow_image.imgaug import CenterCrop, Flip
    >>> augmentors = AugmentorList([CenterCrop(2), Flip(horiz=True, prob=1.0)])
    >>> augmentors.augment(np.arange(16, dtype=np.uint8).reshape(4, 4)).tolist()
    [[6, 5], [10, 9]]

    Args:
        augmentors: in the order in which they are applied.
        fuse: False applies what they draw one by one, down to the members of members, to compare;
            they draw the same. Fused, chains of warps are one warp, which interpolates pixels once
            instead of several times: there results differ beyond rounding, and the fused one is the
            sharper. Fused colours of `clip=False` saturate uint8 once, at their end. All else
            differs by rounding at most.

    Raises:
        TypeError: one of them is no ImageAugmentor.
        ValueError: something comes after ChannelsFirst, or after a member that holds one.
    """

    def __init__(self, augmentors: Sequence[ImageAugmentor], fuse: bool = True) -> None:
        if isinstance(augmentors, ImageAugmentor):
            raise TypeError(f"AugmentorList: takes a list of augmentors, got {augmentors!r} alone")
        self.augmentors = [check_augmentor("AugmentorList", aug) for aug in augmentors]
        check_layout("AugmentorList", self.augmentors[:-1])
        self.fuse = bool(fuse)
        self.reads_pixels = any(aug.reads_pixels for aug in self.augmentors)

    def get_transform(self, img: Image) -> TransformList:
        """Draw from every member.

        Members that read pixels get them as their predecessors leave them, so these are computed
        here; `augment_with_transform` computes nothing twice.
        """
        course = Course(img, fuse=self.fuse)
        course.draw(self.augmentors)
        return course.transform()

    def augment_with_transform(
        self, img: Image | Undecoded, empty: Empty | None = None
    ) -> tuple[Image, TransformList]:
        """Return the augmented image and the transform that made it.

        Args:
            img: the image; of one that is undecoded, no more is decoded than the first crop shows.
            empty: takes shape and dtype, and returns a C-contiguous array for the result, which is
                used if that saves a copy.
        """
        course = Course(img, fuse=self.fuse)
        course.draw(self.augmentors)
        return course.finish(empty), course.transform()

    def _members(self) -> Sequence[ImageAugmentor]:
        return self.augmentors


class Course:
    """One image's way through augmentors: what is drawn, and how much of it is computed.

    The computed segments stay apart in the transform, so that applying it to the same image gives
    the very pixels that `finish` returned.
    """

    def __init__(self, img: Image | Undecoded, *, fuse: bool = True) -> None:
        """Start with an image to which nothing is done yet."""
        self._fuse = fuse
        self._image = img
        self._spec: ImageSpec | None = img.spec if isinstance(img, Undecoded) else ImageSpec.of(img)
        self._stand_in: Image | None = None
        self._computed: list[TransformList] = []
        self._pending: list[Transform] = []

    def draw(self, augmentors: Iterable[ImageAugmentor]) -> None:
        """Let each augmentor draw for the image as its predecessors leave it."""
        for augmentor in augmentors:
            seen = self._shown_to(augmentor)
            try:
                transform = augmentor.get_transform(seen)
            except Exception:
                if isinstance(self._image, Undecoded):
                    # Of an image that is broken, this is the error; its size may be nonsense.
                    self._image.pixels()
                raise
            self.add(transform)

    def add(self, transform: Transform) -> None:
        """Take a transform that was drawn for the image as it now is."""
        # The members of a list may fuse with their new neighbours; unfused, none are neighbours.
        new: Sequence[Transform] = (transform,)
        if type(transform) is TransformList and (transform.fused or not self._fuse):
            new = transform.tfms
        self._pending.extend(new)
        for tfm in new:
            after = None if self._spec is None else tfm.spec_after(self._spec)
            if after is not self._spec:
                self._spec, self._stand_in = after, None

    def finish(self, empty: Empty | None = None) -> Image:
        """Compute what is drawn, and return the image, in memory from `empty` if that helps."""
        image = self._image
        if self._pending:
            segment = TransformList(self._pending, self._fuse)
            image = segment.apply_image_in(image, empty)
            self._computed.append(segment)
            self._pending = []
        elif isinstance(image, Undecoded):
            image = image.pixels()
        self._image, self._spec, self._stand_in = image, ImageSpec.of(image), None
        return image

    def _shown_to(self, augmentor: ImageAugmentor) -> Image:
        """Return the image as it now is, or, if that is enough, something of its shape."""
        if augmentor.reads_pixels or self._spec is None:
            return self.finish()
        if not self._pending and not isinstance(self._image, Undecoded):
            return self._image
        if self._stand_in is None:
            self._stand_in = self._spec.stand_in()
        return self._stand_in

    def transform(self) -> TransformList:
        """Return all that was drawn."""
        segments = self._computed
        if self._pending:
            segments = [*segments, TransformList(self._pending, self._fuse)]
        return segments[0] if len(segments) == 1 else TransformList(segments, self._fuse)


def check_augmentor(owner: str, value: object) -> ImageAugmentor:
    """Return an augmentor.

    Raises:
        TypeError: `value` is something else.
    """
    if isinstance(value, ImageAugmentor):
        return value
    hint = "; call it first" if isinstance(value, type) else "; MapImage wraps a function"
    raise TypeError(f"{owner}: {value!r} is not an ImageAugmentor{hint}")


def check_layout(owner: str, followed: Iterable[ImageAugmentor]) -> None:
    """Accept augmentors that others may follow.

    Raises:
        ValueError: one of them is or holds a ChannelsFirst.
    """
    if any(map(_moves_channels, followed)):
        raise ValueError(
            f"{owner}: ChannelsFirst must be the last one, since all others take the channels for "
            "the last axis"
        )


def _moves_channels(augmentor: ImageAugmentor) -> bool:
    return isinstance(augmentor, ChannelsFirst) or any(map(_moves_channels, augmentor._members()))
