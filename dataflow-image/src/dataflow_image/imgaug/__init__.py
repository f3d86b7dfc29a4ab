"""Image augmentation: an augmentor draws, a transform is deterministic.

    t = aug.get_transform(img)
    t.apply_image(img), t.apply_coords(points), t.apply_box(boxes), t.apply_mask(mask)

Images are (height, width) or (height, width, channels), uint8 or float in the range [0, 255], BGR
unless said. Coordinates are continuous x y: pixel centres lie at + 0.5.
"""

from __future__ import annotations

from dataflow_image.imgaug.affine import Affine, Shift
from dataflow_image.imgaug.albumentations import Albumentations
from dataflow_image.imgaug.augmentor import ImageAugmentor, PhotometricAugmentor
from dataflow_image.imgaug.augmentor_list import AugmentorList
from dataflow_image.imgaug.blur import GaussianBlur
from dataflow_image.imgaug.cast import ToFloat32, ToUint8
from dataflow_image.imgaug.channels_first import ChannelsFirst
from dataflow_image.imgaug.choice import Identity, RandomApplyAug, RandomChooseAug, RandomOrderAug
from dataflow_image.imgaug.clip_boxes import ClippedBoxes, clip_boxes
from dataflow_image.imgaug.color import (
    Brightness,
    BrightnessScale,
    Contrast,
    Hue,
    Lighting,
    Saturation,
)
from dataflow_image.imgaug.color_jitter import ColorJitter
from dataflow_image.imgaug.color_space import ColorSpace, Grayscale
from dataflow_image.imgaug.crop import CenterCrop, RandomCrop, RandomCropRandomShape
from dataflow_image.imgaug.cutout import RandomCutout
from dataflow_image.imgaug.deform import GaussianDeform
from dataflow_image.imgaug.flip import Flip, Transpose
from dataflow_image.imgaug.gamma import Gamma
from dataflow_image.imgaug.google_net import GoogleNetRandomCropAndResize
from dataflow_image.imgaug.map_image import MapImage
from dataflow_image.imgaug.noise import GaussianNoise, JpegNoise, SaltPepperNoise
from dataflow_image.imgaug.normalize import Clip, MeanVarianceNormalize, MinMaxNormalize, Normalize
from dataflow_image.imgaug.paste import CenterPaste, RandomPaste
from dataflow_image.imgaug.rand_augment import RandAugment
from dataflow_image.imgaug.resize import RandomResize, Resize, ResizeShortestEdge
from dataflow_image.imgaug.rotation import Rotation, RotationAndCropValid
from dataflow_image.imgaug.show import show
from dataflow_image.imgaug.spec import ImageSpec
from dataflow_image.imgaug.transforms import (
    BackgroundFiller,
    ConstantBackgroundFiller,
    CropTransform,
    FlipTransform,
    NoOpTransform,
    PhotometricTransform,
    ResizeTransform,
    Transform,
    TransformList,
    TransposeTransform,
    WarpAffineTransform,
)

__all__ = [
    "Affine",
    "Albumentations",
    "AugmentorList",
    "BackgroundFiller",
    "Brightness",
    "BrightnessScale",
    "CenterCrop",
    "CenterPaste",
    "ChannelsFirst",
    "Clip",
    "ClippedBoxes",
    "ColorJitter",
    "ColorSpace",
    "ConstantBackgroundFiller",
    "Contrast",
    "CropTransform",
    "Flip",
    "FlipTransform",
    "Gamma",
    "GaussianBlur",
    "GaussianDeform",
    "GaussianNoise",
    "GoogleNetRandomCropAndResize",
    "Grayscale",
    "Hue",
    "Identity",
    "ImageAugmentor",
    "ImageSpec",
    "JpegNoise",
    "Lighting",
    "MapImage",
    "MeanVarianceNormalize",
    "MinMaxNormalize",
    "NoOpTransform",
    "Normalize",
    "PhotometricAugmentor",
    "PhotometricTransform",
    "RandAugment",
    "RandomApplyAug",
    "RandomChooseAug",
    "RandomCrop",
    "RandomCropRandomShape",
    "RandomCutout",
    "RandomOrderAug",
    "RandomPaste",
    "RandomResize",
    "Resize",
    "ResizeShortestEdge",
    "ResizeTransform",
    "Rotation",
    "RotationAndCropValid",
    "SaltPepperNoise",
    "Saturation",
    "Shift",
    "ToFloat32",
    "ToUint8",
    "Transform",
    "TransformList",
    "Transpose",
    "TransposeTransform",
    "WarpAffineTransform",
    "clip_boxes",
    "show",
]
