"""Lists of augmentors that are known to train well, each for uint8 BGR images.

A recipe is a new list every time, to be used as it is or with more put behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dataflow_image.imgaug import (
    BrightnessScale,
    CenterCrop,
    Contrast,
    Flip,
    GoogleNetRandomCropAndResize,
    ImageAugmentor,
    Lighting,
    RandomChooseAug,
    RandomOrderAug,
    ResizeShortestEdge,
    Saturation,
    arguments,
)

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "detection_train", "resnet_eval", "resnet_train"]

IMAGENET_MEAN: Final = (103.53, 116.28, 123.675)
"""Mean of ImageNet's training images, BGR, in units of pixel values."""

IMAGENET_STD: Final = (57.375, 57.12, 58.395)
"""Standard deviation of ImageNet's training images, BGR, in units of pixel values."""

# Principal components of the RGB values of ImageNet's training images, from "fb.resnet.torch", here
# in units of pixel values and with the channels in BGR order.
_EIGENVALUES = (55.4625, 4.794, 1.1475)
_EIGENVECTORS = (
    (-0.5836, -0.6948, 0.4203),
    (-0.5808, -0.0045, -0.8140),
    (-0.5675, 0.7192, 0.4009),
)


def resnet_train(target_shape: int | Sequence[int] = 224) -> list[ImageAugmentor]:
    """Return the augmentation that ResNets are trained with on ImageNet.

    A window of 8 % to 100 % of the area, resized; brightness, contrast and saturation by up to
    40 % and light along the principal components of colour, in random order; a mirror image half
    of the time. The four colour operations clip nothing in between, and so are one map.

    >>> import numpy as np
    >>> from dataflow_image.imgaug import AugmentorList
    >>> AugmentorList(resnet_train(64)).augment(np.zeros((300, 400, 3), np.uint8)).shape
    (64, 64, 3)

    Args:
        target_shape: (height, width) in pixels, or an int for a square.

    Raises:
        TypeError: `target_shape` is made of something else.
        ValueError: `target_shape` is not positive.
    """
    return [
        GoogleNetRandomCropAndResize(target_shape=target_shape),
        RandomOrderAug(
            [
                BrightnessScale((0.6, 1.4), clip=False),
                Contrast((0.6, 1.4), rgb=False, clip=False),
                Saturation(0.4, rgb=False, clip=False),
                Lighting(0.1, _EIGENVALUES, _EIGENVECTORS, clip=False),
            ]
        ),
        Flip(horiz=True),
    ]


def resnet_eval(
    target_shape: int | Sequence[int] = 224, shortest_edge: int = 256
) -> list[ImageAugmentor]:
    """Return what goes with `resnet_train` for validation: nothing in it is random.

    >>> resnet_eval()
    [ResizeShortestEdge(size=256, interp=1), CenterCrop(crop_shape=(224, 224))]

    Args:
        target_shape: (height, width) of the central window, in pixels, or an int for a square.
        shortest_edge: to which the shorter edge is resized before, in pixels.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a length is not positive, or the window is larger than the shortest edge.
    """
    crop = CenterCrop(target_shape)
    if max(crop.crop_shape) > shortest_edge:
        raise ValueError(
            f"resnet_eval: target_shape {target_shape!r} is larger than shortest_edge="
            f"{shortest_edge!r}; raise the latter, to 8/7 of the former as a rule"
        )
    return [ResizeShortestEdge(shortest_edge), crop]


def detection_train(
    shortest_edges: Sequence[int] = (640, 672, 704, 736, 768, 800),
) -> list[ImageAugmentor]:
    """Return the augmentation that detectors are trained with on COCO.

    The shorter edge is resized to one of several lengths, all as likely, and half of the images
    are mirrored. Boxes, masks and points follow: see AugmentImageComponents.

    >>> import numpy as np
    >>> from dataflow_image.imgaug import AugmentorList
    >>> AugmentorList(detection_train([40])).augment(np.zeros((80, 120, 3), np.uint8)).shape
    (40, 60, 3)

    Args:
        shortest_edges: the lengths to choose from, in pixels.

    Raises:
        TypeError: a length is no int.
        ValueError: there is none, or one is not positive.
    """
    edges = [arguments.positive_int("detection_train", "shortest_edges", e) for e in shortest_edges]
    return [RandomChooseAug([ResizeShortestEdge(edge) for edge in edges]), Flip(horiz=True)]
