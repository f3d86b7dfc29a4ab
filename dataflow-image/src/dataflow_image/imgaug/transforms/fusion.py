"""Rewrite a run of transforms into an equal one that touches fewer pixels, fewer times.

Each rule looks at two neighbours and says what may stand in their place. The order that the rules
drive at is crop, flip or transpose, colour: crops are views and leave less to do, and colours that
meet become one map. A colour operation that measures the image's mean never passes a crop, which
would change the mean. A warp takes in what moves pixels beside it. All rules keep results, but for
the rounding and saturation that `ColorTransform` documents, and for a warp's, which samples at
computed places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from dataflow_image.imgaug.transforms.cast import CastTransform
from dataflow_image.imgaug.transforms.channels_first import ChannelsFirstTransform
from dataflow_image.imgaug.transforms.color import ColorTransform
from dataflow_image.imgaug.transforms.color_space import ColorSpaceTransform
from dataflow_image.imgaug.transforms.crop import CropTransform
from dataflow_image.imgaug.transforms.flip import FlipTransform, TransposeTransform
from dataflow_image.imgaug.transforms.fusion_warps import (
    fits,
    merge_warps,
    move_after_warp,
    move_before_warp,
)
from dataflow_image.imgaug.transforms.hue import HueTransform
from dataflow_image.imgaug.transforms.normalize import ClipTransform, NormalizeTransform
from dataflow_image.imgaug.transforms.point import PointTransform
from dataflow_image.imgaug.transforms.transform import NoOpTransform, Transform
from dataflow_image.imgaug.transforms.warp_affine import WarpAffineTransform

__all__ = ["fuse"]

_Rule: TypeAlias = Callable[[Any, Any], "tuple[Transform, ...] | None"]


def fuse(transforms: Sequence[Transform]) -> list[Transform]:
    """Return a run of transforms that does the same to an image, at less cost.

    >>> fuse([NoOpTransform(), FlipTransform(4, 6), CropTransform(0, 0, 2, 2)])
    [CropTransform(y0=0, x0=4, h=2, w=2), FlipTransform(h=2, w=2, horiz=True)]
    """
    done: list[Transform] = []
    todo = list(reversed(transforms))
    while todo:
        following = todo.pop()
        if type(following) is NoOpTransform:
            continue
        rule = _RULES.get((type(done[-1]), type(following))) if done else None
        replacement = None if rule is None else rule(done[-1], following)
        if replacement is None:
            done.append(following)
        else:
            done.pop()
            todo.extend(reversed(replacement))
    return done


def _swap(first: Transform, second: Transform) -> tuple[Transform, ...]:
    return second, first


def _merge_crops(outer: CropTransform, inner: CropTransform) -> tuple[Transform, ...] | None:
    if not fits(inner, outer.h, outer.w):
        return None
    return (CropTransform(outer.y0 + inner.y0, outer.x0 + inner.x0, inner.h, inner.w),)


def _crop_before_flip(flip: FlipTransform, crop: CropTransform) -> tuple[Transform, ...] | None:
    if not fits(crop, flip.h, flip.w):
        return None
    y0 = crop.y0 if flip.horiz else flip.h - crop.y0 - crop.h
    x0 = flip.w - crop.x0 - crop.w if flip.horiz else crop.x0
    return CropTransform(y0, x0, crop.h, crop.w), FlipTransform(crop.h, crop.w, flip.horiz)


def _cancel_flips(first: FlipTransform, second: FlipTransform) -> tuple[Transform, ...] | None:
    return () if first == second else None


def _cancel_transposes(
    _first: TransposeTransform, _second: TransposeTransform
) -> tuple[Transform, ...]:
    return ()


def _crop_before_color(color: ColorTransform, crop: CropTransform) -> tuple[Transform, ...] | None:
    return None if any(step.needs_mean for step in color.steps) else (crop, color)


def _crop_before_conversion(
    conversion: ColorSpaceTransform, crop: CropTransform
) -> tuple[Transform, ...] | None:
    return (crop, conversion) if conversion.is_pixelwise else None


def _merge_colors(first: ColorTransform, second: ColorTransform) -> tuple[Transform, ...] | None:
    return None if first.clip else (ColorTransform(first.steps + second.steps, second.clip),)


def _merge_points(first: PointTransform, second: PointTransform) -> tuple[Transform, ...]:
    return (PointTransform(first.steps + second.steps),)


def _drop_cast(cast: CastTransform, normalize: NormalizeTransform) -> tuple[Transform, ...] | None:
    # Normalisation computes in float32 anyway.
    return (normalize,) if cast.dtype == "float32" else None


def _drop_second_cast(
    normalize: NormalizeTransform, cast: CastTransform
) -> tuple[Transform, ...] | None:
    return (normalize,) if cast.dtype == "float32" else None


def _crop_before_normalizing(
    normalize: NormalizeTransform, crop: CropTransform
) -> tuple[Transform, ...] | None:
    return None if normalize.channels_first else (crop, normalize)


def _lay_out_while_casting(
    cast: CastTransform, _layout: ChannelsFirstTransform
) -> tuple[Transform, ...] | None:
    if cast.dtype != "float32":
        return None
    return (NormalizeTransform((0.0,), (1.0,), channels_first=True),)


def _lay_out_while_normalizing(
    normalize: NormalizeTransform, _layout: ChannelsFirstTransform
) -> tuple[Transform, ...]:
    return (NormalizeTransform(normalize.mean, normalize.std, channels_first=True),)


# Exact types only: what a subclass does, nobody here knows.
_RULES: dict[tuple[type[Transform], type[Transform]], _Rule] = {
    (CropTransform, CropTransform): _merge_crops,
    (FlipTransform, CropTransform): _crop_before_flip,
    (FlipTransform, FlipTransform): _cancel_flips,
    (TransposeTransform, TransposeTransform): _cancel_transposes,
    (ColorTransform, FlipTransform): _swap,
    (ColorTransform, TransposeTransform): _swap,
    (ColorTransform, CropTransform): _crop_before_color,
    (ColorTransform, ColorTransform): _merge_colors,
    (ColorSpaceTransform, CropTransform): _crop_before_conversion,
    (PointTransform, PointTransform): _merge_points,
    (CastTransform, NormalizeTransform): _drop_cast,
    (NormalizeTransform, CastTransform): _drop_second_cast,
    (NormalizeTransform, CropTransform): _crop_before_normalizing,
    (CastTransform, ChannelsFirstTransform): _lay_out_while_casting,
    (NormalizeTransform, ChannelsFirstTransform): _lay_out_while_normalizing,
    (WarpAffineTransform, WarpAffineTransform): merge_warps,
    (WarpAffineTransform, CropTransform): move_after_warp,
    (WarpAffineTransform, FlipTransform): move_after_warp,
    (WarpAffineTransform, TransposeTransform): move_after_warp,
    (FlipTransform, WarpAffineTransform): move_before_warp,
    (TransposeTransform, WarpAffineTransform): move_before_warp,
    # These compute each pixel from itself alone, so the fewer there are, the better.
    **{
        (pixelwise, CropTransform): _swap
        for pixelwise in (
            CastTransform,
            ClipTransform,
            HueTransform,
            PointTransform,
        )
    },
}
