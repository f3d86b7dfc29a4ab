"""What an augmentor of albumentations does to one image."""

from __future__ import annotations

import copy
import importlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points

__all__ = ["AlbumentationsTransform"]


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
        """Return the points where albumentations puts them; it counts in pixel indices."""
        points = as_points(coords)
        moved = self._run(image=self._black(), keypoints=points - 0.5)["keypoints"]
        return (np.asarray(moved, np.float64).reshape(-1, 2) + 0.5).astype(points.dtype)

    def apply_mask(self, mask: Image) -> Image:
        """Return the mask as albumentations changes masks."""
        changed: Image = self._run(image=self._black(), mask=mask.copy())["mask"]
        return changed

    def _black(self) -> Image:
        return np.zeros(self.shape, self.dtype)

    def _run(self, **targets: Any) -> Any:
        albumentations = _library()
        points = None
        if "keypoints" in targets:
            points = albumentations.KeypointParams("xy", remove_invisible=False)
        # A copy, because seeding modifies it, and other threads run it too.
        pipeline = albumentations.Compose(
            [copy.deepcopy(self.augmentor)], keypoint_params=points, seed=self.seed
        )
        return pipeline(**targets)


def _library() -> Any:
    return importlib.import_module("albumentations")
