"""Images for DataFlow: sources, decoding and augmentation, on numpy and OpenCV."""

from __future__ import annotations

from dataflow_image import imgaug, recipes
from dataflow_image.augment import (
    AugmentImageComponent,
    AugmentImageComponents,
    AugmentImageCoordinates,
)
from dataflow_image.decoding import DecodeImage, decode_image
from dataflow_image.errors import ImageDecodeError
from dataflow_image.mixing import CutMix, MixUp
from dataflow_image.sources.folder import ImageFolder
from dataflow_image.sources.from_file import ImageFromFile

__all__ = [
    "AugmentImageComponent",
    "AugmentImageComponents",
    "AugmentImageCoordinates",
    "CutMix",
    "DecodeImage",
    "ImageDecodeError",
    "ImageFolder",
    "ImageFromFile",
    "MixUp",
    "__version__",
    "decode_image",
    "imgaug",
    "recipes",
]

__version__ = "0.1.0"
