"""Which distribution to install for a name that is well known but not there."""

from __future__ import annotations

_NAMES = {
    "dataflow-image": (
        "augment_image",
        "augment_image_coordinates",
        "augment_images",
        "augmentor_list",
        "center_crop",
        "color_jitter",
        "decode_image",
        "demo",
        "flip",
        "google_net_random_crop_and_resize",
        "image_folder",
        "image_from_file",
        "map_image",
        "random_apply_aug",
        "random_crop",
        "resize",
        "resize_shortest_edge",
        "to_float32",
        "to_uint8",
    ),
    "dataflow-lmdb": ("lmdb", "lmdb_decode", "lmdb_serializer"),
    "dataflow-zmq": ("prefetch_zmq", "zmq"),
}
_DISTRIBUTIONS = {name: distribution for distribution, names in _NAMES.items() for name in names}


def install_hint(name: str) -> str | None:
    """Return the command that installs what offers `name`, or None if nobody known does.

    Example:
        >>> install_hint("lmdb")
        'pip install dataflow-lmdb'
        >>> install_hint("lmbd") is None
        True
    """
    distribution = _DISTRIBUTIONS.get(name)
    return None if distribution is None else f"pip install {distribution}"
