"""Transforms: what an augmentor drew for one image, as plain data."""

from __future__ import annotations

from dataflow_image.imgaug.transforms.albumentations import AlbumentationsTransform
from dataflow_image.imgaug.transforms.blur import GaussianBlurTransform
from dataflow_image.imgaug.transforms.cast import CastTransform
from dataflow_image.imgaug.transforms.channels_first import ChannelsFirstTransform
from dataflow_image.imgaug.transforms.color import ColorTransform
from dataflow_image.imgaug.transforms.color_space import ColorSpaceTransform
from dataflow_image.imgaug.transforms.crop import CropTransform
from dataflow_image.imgaug.transforms.cutout import CutoutTransform
from dataflow_image.imgaug.transforms.deform import GaussianDeformTransform
from dataflow_image.imgaug.transforms.flip import FlipTransform, TransposeTransform
from dataflow_image.imgaug.transforms.histogram import AutoContrastTransform, EqualizeTransform
from dataflow_image.imgaug.transforms.hue import HueTransform
from dataflow_image.imgaug.transforms.map_image import MapTransform
from dataflow_image.imgaug.transforms.noise import (
    GaussianNoiseTransform,
    JpegTransform,
    SaltPepperTransform,
)
from dataflow_image.imgaug.transforms.normalize import ClipTransform, NormalizeTransform
from dataflow_image.imgaug.transforms.paste import (
    BackgroundFiller,
    ConstantBackgroundFiller,
    PasteTransform,
)
from dataflow_image.imgaug.transforms.photometric import PhotometricTransform, StationaryTransform
from dataflow_image.imgaug.transforms.point import PointTransform
from dataflow_image.imgaug.transforms.resize import ResizeTransform
from dataflow_image.imgaug.transforms.sharpness import SharpnessTransform
from dataflow_image.imgaug.transforms.statistics import RescaleTransform, StandardizeTransform
from dataflow_image.imgaug.transforms.transform import Boxes, Coords, NoOpTransform, Transform
from dataflow_image.imgaug.transforms.transform_list import Empty, TransformList
from dataflow_image.imgaug.transforms.warp_affine import WarpAffineTransform

__all__ = [
    "AlbumentationsTransform",
    "AutoContrastTransform",
    "BackgroundFiller",
    "Boxes",
    "CastTransform",
    "ChannelsFirstTransform",
    "ClipTransform",
    "ColorSpaceTransform",
    "ColorTransform",
    "ConstantBackgroundFiller",
    "Coords",
    "CropTransform",
    "CutoutTransform",
    "Empty",
    "EqualizeTransform",
    "FlipTransform",
    "GaussianBlurTransform",
    "GaussianDeformTransform",
    "GaussianNoiseTransform",
    "HueTransform",
    "JpegTransform",
    "MapTransform",
    "NoOpTransform",
    "NormalizeTransform",
    "PasteTransform",
    "PhotometricTransform",
    "PointTransform",
    "RescaleTransform",
    "ResizeTransform",
    "SaltPepperTransform",
    "SharpnessTransform",
    "StandardizeTransform",
    "StationaryTransform",
    "Transform",
    "TransformList",
    "TransposeTransform",
    "WarpAffineTransform",
]
