"""Images for DataFlow: sources, decoding and augmentation, on numpy and OpenCV.

What is here is imported when it is first asked for: OpenCV takes its time, and this package hears
of every worker, also of pipelines without images.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_LATE = {
    "AugmentImageComponent": "augment",
    "AugmentImageComponents": "augment",
    "AugmentImageCoordinates": "augment",
    "CutMix": "mixing",
    "DecodeImage": "decoding",
    "ImageDecodeError": "errors",
    "ImageFolder": "sources.folder",
    "ImageFromFile": "sources.from_file",
    "MixUp": "mixing",
    "decode_image": "decoding",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        found: object = getattr(_import_module(f"{__name__}.{_LATE[name]}"), name)
        globals()[name] = found
        return found
    if name in __all__:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
