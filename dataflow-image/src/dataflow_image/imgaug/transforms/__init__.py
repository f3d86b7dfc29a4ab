"""Transforms: what an augmentor drew for one image, as plain data."""

from __future__ import annotations

from dataflow_image.imgaug.transforms.cast import CastTransform
from dataflow_image.imgaug.transforms.color import ColorTransform
from dataflow_image.imgaug.transforms.color_space import ColorSpaceTransform
from dataflow_image.imgaug.transforms.crop import CropTransform
from dataflow_image.imgaug.transforms.flip import FlipTransform, TransposeTransform
from dataflow_image.imgaug.transforms.hue import HueTransform
from dataflow_image.imgaug.transforms.map_image import MapTransform
from dataflow_image.imgaug.transforms.normalize import ClipTransform, NormalizeTransform
from dataflow_image.imgaug.transforms.photometric import PhotometricTransform, StationaryTransform
from dataflow_image.imgaug.transforms.resize import ResizeTransform
from dataflow_image.imgaug.transforms.transform import Boxes, Coords, NoOpTransform, Transform
from dataflow_image.imgaug.transforms.transform_list import TransformList
from dataflow_image.imgaug.transforms.warp_affine import WarpAffineTransform

__all__ = [
    "Boxes",
    "CastTransform",
    "ClipTransform",
    "ColorSpaceTransform",
    "ColorTransform",
    "Coords",
    "CropTransform",
    "FlipTransform",
    "HueTransform",
    "MapTransform",
    "NoOpTransform",
    "NormalizeTransform",
    "PhotometricTransform",
    "ResizeTransform",
    "StationaryTransform",
    "Transform",
    "TransformList",
    "TransposeTransform",
    "WarpAffineTransform",
]
