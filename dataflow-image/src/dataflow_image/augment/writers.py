"""Tell whose code runs on an image."""

from __future__ import annotations

from dataflow_image import imgaug
from dataflow_image.imgaug import ImageAugmentor, MapImage

__all__ = ["may_write"]


def may_write(augmentor: ImageAugmentor) -> bool:
    """Tell whether an augmentor might write into the image it is given.

    None should, and those of this package never do. What users write or hand in as a function is
    not ours to know.

    >>> may_write(imgaug.Flip(horiz=True))
    False
    >>> may_write(imgaug.AugmentorList([imgaug.MapImage(lambda img: img)]))
    True
    """
    foreign = not type(augmentor).__module__.startswith(f"{imgaug.__name__}.")
    if foreign or isinstance(augmentor, MapImage):
        return True
    return any(may_write(member) for member in augmentor._members())
