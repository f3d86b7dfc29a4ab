"""Which distribution to install for a name that is well known but not there."""

from __future__ import annotations

_NAMES = {
    "dataflow-image": (
        "affine",
        "albumentations",
        "augment_image",
        "augment_image_coordinates",
        "augment_images",
        "augmentor_list",
        "brightness",
        "brightness_scale",
        "center_crop",
        "center_paste",
        "channels_first",
        "clip",
        "color_jitter",
        "color_space",
        "contrast",
        "cut_mix",
        "decode_image",
        "demo",
        "flip",
        "gamma",
        "gaussian_blur",
        "gaussian_deform",
        "gaussian_noise",
        "google_net_random_crop_and_resize",
        "grayscale",
        "hue",
        "identity",
        "image_folder",
        "image_from_file",
        "jpeg_noise",
        "lighting",
        "map_image",
        "mean_variance_normalize",
        "min_max_normalize",
        "mix_up",
        "normalize",
        "preview",
        "rand_augment",
        "random_apply_aug",
        "random_choose_aug",
        "random_crop",
        "random_crop_random_shape",
        "random_cutout",
        "random_order_aug",
        "random_paste",
        "random_resize",
        "resize",
        "resize_shortest_edge",
        "rotation",
        "rotation_and_crop_valid",
        "salt_pepper_noise",
        "saturation",
        "shift",
        "to_float32",
        "to_uint8",
        "transpose",
    ),
    "dataflow-lmdb": ("caffe_lmdb", "convert", "info", "lmdb", "lmdb_decode", "lmdb_serializer"),
    "dataflow-zmq": ("keygen", "prefetch_zmq", "serve", "zmq"),
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
