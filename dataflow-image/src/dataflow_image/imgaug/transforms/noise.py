"""Noise, which is drawn anew from its seed each time it is applied."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count, image_size
from dataflow_image.imgaug.transforms.dtypes import require_uint8_or_float
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.rounding import to_dtype, to_uint8

__all__ = ["GaussianNoiseTransform", "JpegTransform", "SaltPepperTransform"]

_COLOR_CHANNELS = 3


class _Noise(StationaryTransform):
    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec


@dataclass(frozen=True)
class GaussianNoiseTransform(_Noise):
    """Add an independent normal number to every value.

    Attributes:
        sigma: standard deviation, in units of pixel values.
        seed: of the numbers.
        clip: clip float images to [0, 255].
    """

    sigma: float
    seed: int
    clip: bool = True

    def __post_init__(self) -> None:
        """Refuse what are no numbers."""
        if not (type(self.sigma) is float and type(self.seed) is int):
            arguments.settle(self, arguments.not_negative, "sigma")
            arguments.settle(self, arguments.integer, "seed")

    def apply_image(self, img: Image) -> Image:
        """Return the noisy image, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
        """
        require_uint8_or_float(self, img)
        rows = img.reshape(len(img), -1)
        noise = _normal_numbers(_generator(self.seed), rows.size).reshape(rows.shape)
        if img.dtype == np.uint8:
            noisy = cv2.addWeighted(rows, 1.0, noise, self.sigma, 0.0, dtype=cv2.CV_8U)
            return noisy.reshape(img.shape)
        noise *= np.float32(self.sigma)
        noise += rows
        return to_dtype(noise, img.dtype, clip=self.clip).reshape(img.shape)


@dataclass(frozen=True)
class SaltPepperTransform(_Noise):
    """Turn pixels white (255) or black (0), all channels together.

    Attributes:
        white_prob: each pixel's probability to become white.
        black_prob: each pixel's probability to become black.
        seed: decides which do.
    """

    white_prob: float
    black_prob: float
    seed: int

    def __post_init__(self) -> None:
        """Refuse what are no numbers."""
        if not (type(self.white_prob) is type(self.black_prob) is float and type(self.seed) is int):
            arguments.settle(self, arguments.probability, "white_prob", "black_prob")
            arguments.settle(self, arguments.integer, "seed")

    def apply_image(self, img: Image) -> Image:
        """Return the noisy image, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
        """
        require_uint8_or_float(self, img)
        draws = _generator(self.seed).random(image_size(img), np.float32)
        result = img.copy()
        result[draws >= 1.0 - self.white_prob] = 255
        result[draws < self.black_prob] = 0
        return result


@dataclass(frozen=True)
class JpegTransform(_Noise):
    """Compress as JPEG, and decompress again.

    Attributes:
        quality: within [1, 100].
    """

    quality: int

    def __post_init__(self) -> None:
        """Refuse what is no int."""
        if type(self.quality) is not int:
            arguments.settle(self, arguments.integer, "quality")

    def apply_image(self, img: Image) -> Image:
        """Return the image with JPEG's artefacts, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
            ValueError: it has neither one nor three channels.
        """
        require_uint8_or_float(self, img)
        channels = channel_count(img)
        if channels not in (1, _COLOR_CHANNELS):
            raise ValueError(f"{self!r} needs an image of one or three channels, got {channels}")
        values = img if img.dtype == np.uint8 else to_uint8(img)
        _, encoded = cv2.imencode(".jpg", values, (cv2.IMWRITE_JPEG_QUALITY, self.quality))
        flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR
        decoded = np.asarray(cv2.imdecode(encoded, flag))
        return decoded.reshape(img.shape).astype(img.dtype, copy=False)


def _normal_numbers(random: np.random.Generator, count: int) -> npt.NDArray[np.float32]:
    """Draw standard normal numbers, (count,).

    By the polar form of Box and Muller, "A Note on the Generation of Random Normal Deviates",
    1958, in OpenCV's vectorised functions: four times as fast as numpy's own. In single precision
    no number is beyond 5.8 standard deviations, where one in 10^8 would be.
    """
    draws = random.random((2, -(-count // 2)), np.float32)
    # In place: arrays of this size are new to the process each time, which costs more than the
    # arithmetic does.
    radius, angle = draws[:1], draws[1:]
    # From (0, 1], where the logarithm is finite.
    np.subtract(1, radius, out=radius)
    cv2.log(radius, radius)
    radius *= -2
    cv2.sqrt(radius, radius)
    angle *= np.float32(2 * np.pi)
    numbers = np.empty_like(draws)
    cv2.polarToCart(radius, angle, numbers[:1], numbers[1:])
    return numbers.reshape(-1)[:count]


def _generator(seed: int) -> np.random.Generator:
    # The quickest of numpy's bit generators to seed and to draw from.
    return np.random.Generator(np.random.SFC64(seed))
