"""Deform smoothly, by a sum of Gaussians."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.spec import Image, ImageSpec, image_size
from dataflow_image.imgaug.transforms.newton import Numbers, roots
from dataflow_image.imgaug.transforms.pixel_moves import keep_axes, move_bits, sampled
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points

__all__ = ["GaussianDeformTransform"]

_Pairs = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class GaussianDeformTransform(Transform):
    """Let each pixel q of the result show what lies at q + d(q) in the image.

    d(q) is the sum of all vectors, each weighed by exp(-|q - anchor|^2 / sigma), lengths taken in
    fractions of height and width. The image is continued by its outermost pixels.

    Attributes:
        h: height of the image, in pixels.
        w: width of the image, in pixels.
        anchors: (y, x) of each, in fractions of height and width.
        vectors: (dy, dx) of each, in pixels.
        sigma: how far an anchor reaches.
    """

    h: int
    w: int
    anchors: _Pairs
    vectors: _Pairs
    sigma: float = 0.5

    def apply_image(self, img: Image) -> Image:
        """Return the deformed image, of the same shape and dtype.

        Raises:
            ValueError: the image is not of the size that the transform was made for.
        """
        return self._remap(img, cv2.INTER_LINEAR)

    def apply_coords(self, coords: Coords) -> Coords:
        """Return where the points come out: the q with q + d(q) = point, found by iteration.

        Where the image folds over, one that comes out at several places may be at any of them.

        Raises:
            ValueError: the vectors are so long that the image folds over on the way there.
        """
        points = as_points(coords)
        target = points.astype(np.float64) - 0.5

        def missed(places: Numbers) -> tuple[Numbers, Numbers]:
            moved, slopes = self._moved(places)
            return moved - target, slopes

        found = roots(missed, target)
        if found is None:
            raise ValueError(
                f"{self!r} folds the image, so that points have no single place in the result: "
                "lower randrange, or raise sigma"
            )
        return (found + 0.5).astype(points.dtype, copy=False)

    def apply_mask(self, mask: Image) -> Image:
        """Return the deformed mask, each pixel that of the nearest centre."""
        return move_bits(mask, lambda bits: self._remap(bits, cv2.INTER_NEAREST))

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec

    def _remap(self, img: Image, interp: int) -> Image:
        size = image_size(img)
        if size != (self.h, self.w):
            raise ValueError(f"{self!r} was given an image of {size[0]}x{size[1]} (h x w)")
        grid, weights = _weights(self.h, self.w, self.anchors, self.sigma)
        moved = grid + weights @ np.array(self.vectors, np.float32)[:, ::-1]
        x, y, border = moved[..., 0], moved[..., 1], cv2.BORDER_REPLICATE

        def sample(part: Image, _: int) -> Image:
            return cv2.remap(part, x, y, interp, borderMode=border)

        return keep_axes(sampled(img, sample), img)

    def _moved(self, places: Numbers) -> tuple[Numbers, Numbers]:
        """Return q + d(q), (N, 2), at pixel indices x y, and its derivatives, (N, 2, 2)."""
        anchors, vectors = (np.array(pairs)[:, ::-1] for pairs in (self.anchors, self.vectors))
        sides = np.array((self.w, self.h))
        away = places[:, np.newaxis] / sides - anchors
        weights = np.exp(-np.square(away).sum(axis=2) / self.sigma)
        falls = weights[..., np.newaxis] * away * (-2.0 / self.sigma / sides)
        return places + weights @ vectors, np.eye(2) + vectors.T @ falls


# One deformation's images are all of one size: this is as good as keeping it on the augmentor, and
# transforms stay plain data.
@lru_cache(maxsize=8)
def _weights(
    h: int, w: int, anchors: _Pairs, sigma: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return each pixel's own indices x y (h, w, 2), and each anchor's weight there (h, w, K)."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    squares = np.stack(
        [
            np.square(y / h - anchor_y) + np.square(x / w - anchor_x)
            for anchor_y, anchor_x in anchors
        ],
        axis=-1,
    )
    return np.stack([x, y], axis=-1), np.exp(-squares / sigma).astype(np.float32)
