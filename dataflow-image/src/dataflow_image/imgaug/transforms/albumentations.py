"""What an augmentor of albumentations does to one image."""

from __future__ import annotations

import copy
import importlib
import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points

__all__ = ["AlbumentationsTransform"]

# Masks of these dtypes travel as others, which OpenCV, and so albumentations, can warp. Values
# travel, not bits: its augmentors may fill masks, and interpolate them if they are told to.
_CARRIERS: Final[dict[np.dtype[Any], type[np.generic[Any]]]] = {
    np.dtype(np.bool_): np.uint8,
    np.dtype(np.int8): np.int16,
    np.dtype(np.uint32): np.float64,
    np.dtype(np.int64): np.float64,
    np.dtype(np.uint64): np.float64,
    np.dtype(np.float16): np.float32,
}

# Beyond it there are ints that float64 does not hold.
_MOST_EXACT: Final = 1 << 53


@dataclass(frozen=True, eq=False)
class AlbumentationsTransform(Transform):
    """Run an augmentor of albumentations from a fixed seed.

    Points and masks are moved by running it again from that seed, on a black image. So they agree
    with the image unless what the augmentor draws depends on the image's pixels.

    Attributes:
        augmentor: of albumentations; it is copied before it is run, and never modified.
        seed: of its draws.
        shape: of the image that the transform was made for.
        dtype: its name.
    """

    augmentor: Any
    seed: int
    shape: tuple[int, ...]
    dtype: str = "uint8"

    def __post_init__(self) -> None:
        """Take the augmentor also as the text in which `to_dict` writes it down."""
        if isinstance(self.augmentor, str):
            restored = _library().from_dict(json.loads(self.augmentor))
            object.__setattr__(self, "augmentor", restored)

    def __eq__(self, other: object) -> bool:
        """Whether the other one does the same: augmentors themselves compare by identity."""
        if not isinstance(other, AlbumentationsTransform):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Return a hash of what is cheap to compare."""
        return hash((self.seed, self.shape, self.dtype))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; the augmentor is a text that albumentations wrote."""
        written = json.dumps(_library().to_dict(self.augmentor))
        fields = {"augmentor": written, "seed": self.seed, "shape": list(self.shape)}
        return {"type": type(self).__qualname__, **fields, "dtype": self.dtype}

    def apply_image(self, img: Image) -> Image:
        """Return the augmented image."""
        # Some of them work in place.
        augmented: Image = self._run(image=img.copy())["image"]
        return augmented

    def apply_coords(self, coords: Coords) -> Coords:
        """Return the points where albumentations puts them.

        Some of its distortions lose points that leave the image, or lie near its edge: these are
        NaN, and so are boxes with such a corner.
        """
        points = as_points(coords)
        (known,) = np.nonzero(np.isfinite(points).all(axis=1))
        # It counts in pixel indices. Each point carries its number, by which those left are told.
        changed = self._run(image=self._black(), keypoints=points[known] - 0.5, number=known)
        moved = np.full_like(points, np.nan)
        left = np.asarray(changed["number"], np.intp)
        moved[left] = np.asarray(changed["keypoints"], np.float64).reshape(-1, 2) + 0.5
        return moved

    def apply_mask(self, mask: Image) -> Image:
        """Return the mask as albumentations changes masks, of the same dtype.

        Raises:
            ValueError: the mask holds ints beyond 2 ** 53, which it would not keep.
        """
        carrier = _CARRIERS.get(mask.dtype)
        carried = mask.copy() if carrier is None else _carried(mask, carrier)
        changed: Image = self._run(image=self._black(), mask=carried)["mask"]
        # An augmentor may also be there to make something else of masks, such as tensors.
        if carrier is None or changed.dtype != carrier:
            return changed
        if np.issubdtype(mask.dtype, np.integer):
            changed = np.rint(changed)
        return changed.astype(mask.dtype)

    def _black(self) -> Image:
        return np.zeros(self.shape, self.dtype)

    def _run(self, **targets: Any) -> Any:
        albumentations = _library()
        points = None
        if "keypoints" in targets:
            points = albumentations.KeypointParams(
                "xy", label_fields=["number"], remove_invisible=False
            )
        # A copy, because seeding modifies it, and other threads run it too.
        pipeline = albumentations.Compose(
            [copy.deepcopy(self.augmentor)], keypoint_params=points, seed=self.seed
        )
        return pipeline(**targets)


def _carried(mask: Image, carrier: type[np.generic[Any]]) -> Image:
    if carrier is np.float64 and mask.size:
        low, high = int(mask.min()), int(mask.max())
        if max(-low, high) > _MOST_EXACT:
            raise ValueError(
                f"albumentations keeps no ints beyond 2 ** 53, and the mask of {mask.dtype} holds "
                f"{low} to {high}: number its values anew"
            )
    return mask.astype(carrier)


def _library() -> Any:
    return importlib.import_module("albumentations")
