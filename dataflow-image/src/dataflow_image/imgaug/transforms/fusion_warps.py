"""Rules that fuse an affine warp with its neighbours.

They are exact: each pixel of the fused result is sampled where it was before. Where a warp meets
a warp, that is so only if the second one samples nothing from beyond the frame of the first, where
there is border; and the image is then interpolated once instead of twice.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from dataflow_image.imgaug.transforms.affine_maps import PlaneMap, continuous, of_indices
from dataflow_image.imgaug.transforms.crop import CropTransform
from dataflow_image.imgaug.transforms.flip import FlipTransform, TransposeTransform
from dataflow_image.imgaug.transforms.transform import Transform
from dataflow_image.imgaug.transforms.warp_affine import WarpAffineTransform

__all__ = ["fits", "merge_warps", "move_after_warp", "move_before_warp"]


def fits(crop: CropTransform, h: int, w: int) -> bool:
    """Tell whether a window lies within an image of (h, w).

    One that does not is left alone, for the error to name it as the user knows it.
    """
    return min(crop.y0, crop.x0) >= 0 and crop.y0 + crop.h <= h and crop.x0 + crop.w <= w


def move_after_warp(
    warp: WarpAffineTransform, move: CropTransform | FlipTransform | TransposeTransform
) -> tuple[Transform, ...] | None:
    """Warp to where the crop, flip or transpose that follows would move each pixel."""
    w, h = warp.dsize
    if isinstance(move, CropTransform):
        if not fits(move, h, w):
            return None
        w, h = move.w, move.h
    elif isinstance(move, TransposeTransform):
        w, h = h, w
    elif (h, w) != (move.h, move.w):
        return None
    matrix = of_indices(_map_of(move) @ continuous(warp.mat))
    return (dataclasses.replace(warp, mat=matrix, dsize=(w, h)),)


def move_before_warp(
    move: FlipTransform | TransposeTransform, warp: WarpAffineTransform
) -> tuple[Transform, ...]:
    """Warp from where the flip or transpose before would take each pixel."""
    # The frame is the same before and after, and all borders treat its sides alike.
    return (dataclasses.replace(warp, mat=of_indices(continuous(warp.mat) @ _map_of(move))),)


def merge_warps(
    first: WarpAffineTransform, second: WarpAffineTransform
) -> tuple[Transform, ...] | None:
    """Warp once, if all that the second warp samples lies within the frame of the first."""
    if (first.interp, first.borderMode, first.borderValue) != (
        second.interp,
        second.borderMode,
        second.borderValue,
    ):
        return None
    matrix = np.asarray(second.mat, np.float64)
    if abs(np.linalg.det(matrix[:, :2])) < np.finfo(np.float64).tiny:
        return None
    # The frame is convex, so its corners, the outermost pixels' centres, speak for all of it.
    right, bottom = second.dsize[0] - 1, second.dsize[1] - 1
    corners = np.array(((0, 0), (right, 0), (0, bottom), (right, bottom)))
    sampled = np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T
    if (sampled < 0).any() or (sampled > np.subtract(first.dsize, 1)).any():
        return None
    merged = of_indices(continuous(second.mat) @ continuous(first.mat))
    return (dataclasses.replace(second, mat=merged),)


def _map_of(move: CropTransform | FlipTransform | TransposeTransform) -> PlaneMap:
    """Return the 3x3 map of continuous points."""
    if isinstance(move, CropTransform):
        return np.array(((1.0, 0.0, -move.x0), (0.0, 1.0, -move.y0), (0.0, 0.0, 1.0)))
    if isinstance(move, TransposeTransform):
        return np.array(((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
    if move.horiz:
        return np.array(((-1.0, 0.0, move.w), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    return np.array(((1.0, 0.0, 0.0), (0.0, -1.0, move.h), (0.0, 0.0, 1.0)))
