"""The photographs that lie in scikit-image's wheel, read without importing it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from dataflow_image.decoding import decode_image
from dataflow_image.demo.errors import DemoError
from dataflow_image.imgaug.spec import Image

__all__ = ["photographs"]

# Those in colour. The wheel has had them since long before 0.22, whereas
# `skimage.data` would download others.
_NAMES = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "retina.jpg",
    "rocket.jpg",
)


def photographs() -> list[Image]:
    """Return the photographs.

    Returns:
        uint8, (height, width, 3) in BGR order, 300 to 1411 pixels a side.

    Raises:
        DemoError: scikit-image is not installed, or has none of them.
    """
    spec = find_spec("skimage")
    folders = [Path(place) / "data" for place in (spec and spec.submodule_search_locations) or ()]
    files = [folder / name for folder in folders for name in _NAMES if (folder / name).is_file()]
    if not files:
        raise DemoError(
            "there are no photographs of scikit-image here: "
            'pip install --force-reinstall "dataflow-image[demo]"'
        )
    return [decode_image(file) for file in files]
