"""Single colour operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.draws import uniform
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import ColorTransform, HueTransform
from dataflow_image.imgaug.transforms import color_steps as steps

__all__ = ["Brightness", "BrightnessScale", "Contrast", "Hue", "Lighting", "Saturation"]

_HALF_DEGREE = 2.0  # degrees in one unit of OpenCV's hue, whose circle is [0, 180)


class Brightness(ImageAugmentor):
    """Add one random number to all values.

    >>> Brightness(32)
    Brightness(delta=32.0, clip=True)

    Args:
        delta: draws from [-delta, delta), in units of pixel values.
        clip: clip float images to [0, 255].

    Raises:
        ValueError: `delta` is negative.
    """

    reads_pixels = False

    def __init__(self, delta: float, clip: bool = True) -> None:
        self.delta = arguments.not_negative("Brightness", "delta", delta)
        self.clip = bool(clip)

    def get_transform(self, img: Image) -> ColorTransform:
        """Draw what to add."""
        added = uniform(self.rng, -self.delta, self.delta)
        return ColorTransform((steps.shift((added, added, added)),), self.clip)


class BrightnessScale(ImageAugmentor):
    """Multiply all values by one random factor.

    >>> BrightnessScale((0.5, 2))
    BrightnessScale(range=(0.5, 2.0), clip=True)

    Args:
        range: (low, high) of the factor, or a number s for (max(0, 1 - s), 1 + s).
        clip: clip float images to [0, 255].

    Raises:
        ValueError: a factor could be negative, or the range is empty.
    """

    reads_pixels = False

    def __init__(self, range: float | Sequence[float], clip: bool = True) -> None:  # noqa: A002  # the name users know
        self.range = arguments.around_one("BrightnessScale", "range", range)
        self.clip = bool(clip)

    def get_transform(self, img: Image) -> ColorTransform:
        """Draw the factor."""
        return ColorTransform((steps.brightness(uniform(self.rng, *self.range)),), self.clip)


class Contrast(ImageAugmentor):
    """Blend with the mean: factor * image + (1 - factor) * mean.

    >>> Contrast((0.6, 1.4))
    Contrast(factor_range=(0.6, 1.4), rgb=None, clip=True)

    Args:
        factor_range: (low, high) of the factor, or a number s for (max(0, 1 - s), 1 + s).
        rgb: None takes each channel's own mean; else all take the mean of the grey image, whose
            channels are RGB (True) or BGR (False).
        clip: clip float images to [0, 255].

    Raises:
        TypeError: `rgb` is something else.
        ValueError: a factor could be negative, or the range is empty.
    """

    reads_pixels = False

    def __init__(
        self, factor_range: float | Sequence[float], rgb: bool | None = None, clip: bool = True
    ) -> None:
        self.factor_range = arguments.around_one("Contrast", "factor_range", factor_range)
        if rgb is not None and not isinstance(rgb, bool):
            raise TypeError(f"Contrast: rgb must be True, False or None, got {rgb!r}")
        self.rgb = rgb
        self.clip = bool(clip)

    def get_transform(self, img: Image) -> ColorTransform:
        """Draw the factor; the mean is that of the image met later."""
        weights = None if self.rgb is None else _grey(self.rgb)
        step = steps.Contrast(uniform(self.rng, *self.factor_range), weights)
        return ColorTransform((step,), self.clip)


class Saturation(ImageAugmentor):
    """Blend with the grey image: factor * image + (1 - factor) * grey.

    >>> Saturation(0.2)
    Saturation(alpha=0.2, rgb=True, clip=True)

    Args:
        alpha: draws the factor from [1 - alpha, 1 + alpha).
        rgb: channels are RGB (True) or BGR (False).
        clip: clip float images to [0, 255].

    Raises:
        ValueError: `alpha` is beyond [0, 1].
    """

    reads_pixels = False

    def __init__(self, alpha: float = 0.4, rgb: bool = True, clip: bool = True) -> None:
        self.alpha = arguments.probability("Saturation", "alpha", alpha)
        self.rgb = bool(rgb)
        self.clip = bool(clip)

    def get_transform(self, img: Image) -> ColorTransform:
        """Draw the factor."""
        factor = uniform(self.rng, 1.0 - self.alpha, 1.0 + self.alpha)
        return ColorTransform((steps.saturation(factor, _grey(self.rgb)),), self.clip)


class Hue(ImageAugmentor):
    """Turn the hue of all pixels by one random angle.

    >>> Hue((-18, 18))
    Hue(range=(-18.0, 18.0), rgb=True)

    Args:
        range: (low, high) of the angle in OpenCV's units of two degrees, so that 180 is a full
            turn; or a number s for (-s, s).
        rgb: channels are RGB (True) or BGR (False).

    Raises:
        ValueError: the range is empty.
    """

    reads_pixels = False

    def __init__(self, range: float | Sequence[float] = (0, 180), rgb: bool = True) -> None:  # noqa: A002  # the name users know
        self.range = arguments.around_zero("Hue", "range", range)
        self.rgb = bool(rgb)

    def get_transform(self, img: Image) -> HueTransform:
        """Draw the angle."""
        return HueTransform(_HALF_DEGREE * uniform(self.rng, *self.range), self.rgb)


class Lighting(ImageAugmentor):
    """Add a random colour along the principal components of a data set's colours.

    After Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks",
    section 4.1.

    >>> Lighting(0.1, (1, 1, 1), ((1, 0, 0), (0, 1, 0), (0, 0, 1))).std
    0.1

    Args:
        std: standard deviation of the normal numbers that weigh the components.
        eigval: the three eigenvalues, in units of pixel values.
        eigvec: 3x3, one eigenvector per column, channels in the images' order.
        clip: clip float images to [0, 255].

    Raises:
        TypeError: an argument is made of something else than numbers.
        ValueError: `std` is negative, a shape is another one, or a number is not finite.
    """

    reads_pixels = False

    def __init__(
        self,
        std: float,
        eigval: Sequence[float],
        eigvec: Sequence[Sequence[float]],
        clip: bool = True,
    ) -> None:
        self.std = arguments.not_negative("Lighting", "std", std)
        values = arguments.array("Lighting", "eigval", eigval, (3,))
        vectors = arguments.array("Lighting", "eigvec", eigvec, (3, 3))
        self.eigval = tuple(values.tolist())
        self.eigvec = tuple(map(tuple, vectors.tolist()))
        self.clip = bool(clip)

    def get_transform(self, img: Image) -> ColorTransform:
        """Draw the colour."""
        weights = self.rng.normal(0.0, self.std, 3) * np.array(self.eigval)
        added = (np.array(self.eigvec) @ weights).tolist()
        return ColorTransform((steps.shift(added),), self.clip)


def _grey(rgb: bool) -> tuple[float, float, float]:
    return steps.RGB_TO_GREY if rgb else steps.BGR_TO_GREY
