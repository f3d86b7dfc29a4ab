"""Augmentors that add noise."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import (
    GaussianNoiseTransform,
    JpegTransform,
    SaltPepperTransform,
)

__all__ = ["GaussianNoise", "JpegNoise", "SaltPepperNoise"]

# Seeds that every JSON reader keeps, even one that knows no numbers but float64.
_SEEDS = 1 << 53


class GaussianNoise(ImageAugmentor):
    """Add independent normal numbers to all values.

    >>> GaussianNoise()
    GaussianNoise(sigma=1.0, clip=True)

    Args:
        sigma: their standard deviation, in units of pixel values.
        clip: clip float images to [0, 255].

    Raises:
        TypeError: `sigma` is no number.
        ValueError: `sigma` is negative.
    """

    reads_pixels = False

    def __init__(self, sigma: float = 1, clip: bool = True) -> None:
        self.sigma = arguments.not_negative("GaussianNoise", "sigma", sigma)
        self.clip = bool(clip)

    def get_transform(self, img: Image) -> GaussianNoiseTransform:
        """Draw the noise's seed."""
        return GaussianNoiseTransform(self.sigma, int(self.rng.integers(_SEEDS)), self.clip)


class SaltPepperNoise(ImageAugmentor):
    """Turn some pixels white and some black, all channels together.

    >>> SaltPepperNoise()
    SaltPepperNoise(white_prob=0.05, black_prob=0.05)

    Args:
        white_prob: the probability of each pixel to become 255.
        black_prob: the probability of each pixel to become 0.

    Raises:
        TypeError: a probability is no number.
        ValueError: it is none, or the two sum to more than 1.
    """

    reads_pixels = False

    def __init__(self, white_prob: float = 0.05, black_prob: float = 0.05) -> None:
        owner = "SaltPepperNoise"
        self.white_prob = arguments.probability(owner, "white_prob", white_prob)
        self.black_prob = arguments.probability(owner, "black_prob", black_prob)
        if self.white_prob + self.black_prob > 1:
            raise ValueError(
                f"{owner}: white_prob and black_prob must not sum to more than 1, got "
                f"{white_prob!r} and {black_prob!r}"
            )

    def get_transform(self, img: Image) -> SaltPepperTransform:
        """Draw the noise's seed."""
        seed = int(self.rng.integers(_SEEDS))
        return SaltPepperTransform(self.white_prob, self.black_prob, seed)


class JpegNoise(ImageAugmentor):
    """Compress as JPEG of random quality, and decompress again.

    >>> JpegNoise()
    JpegNoise(quality_range=(40, 100))

    Args:
        quality_range: (low, high) of the quality, an int drawn from [low, high), within [1, 100].

    Raises:
        TypeError: `quality_range` is no pair of ints.
        ValueError: it is empty, or beyond what can be.
    """

    reads_pixels = False

    def __init__(self, quality_range: Sequence[int] = (40, 100)) -> None:
        self.quality_range = arguments.integer_interval(
            "JpegNoise", "quality_range", quality_range, minimum=1, maximum=100
        )

    def get_transform(self, img: Image) -> JpegTransform:
        """Draw the quality."""
        return JpegTransform(int(self.rng.integers(*self.quality_range)))
