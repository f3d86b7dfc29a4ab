"""Images in a folder for each class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataflow_core import DataFlow, IndexedDataFlow
from dataflow_core.flow import Call
from dataflow_image.augment import takes_undecoded
from dataflow_image.decoding.located import decode_located
from dataflow_image.decoding.undecoded import left_to_next_stage

__all__ = ["IMAGE_EXTENSIONS", "ImageFolder"]

#: What is taken for an image unless said: formats that every build of OpenCV reads.
IMAGE_EXTENSIONS = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


class ImageFolder(IndexedDataFlow):
    """The images of `root/class/name.jpg`: [path, label], or with `decode=True` [image, label].

    A label is the position of its class in `classes`. The folder is listed once, when the flow is
    made; the images are read and decoded in the workers. Classes may be links to folders
    elsewhere. Names that start with a dot are left out, and so is what lies deeper within a class.

    Order: by class, then by name, the same on every machine; or with `shuffle=True` another
    permutation every epoch. Duplicates, loss: none.

    Args:
        root: the folder that holds one folder for each class.
        shuffle: whether every epoch has an order of its own.
        extensions: how names of images end, in small or capital letters, with their dots.
        decode: hand out images, uint8 (height, width, 3) in BGR order and upright as their EXIF
            header says, instead of paths. `DecodeImage` after this flow does the same and has
            more options.

    Attributes:
        classes: the classes' names, sorted.

    Raises:
        FileNotFoundError: if `root` does not exist.
        NotADirectoryError: if it is a file.
        ValueError: if it holds no folders, or a folder in it no images.
        TypeError: if `extensions` is no list of texts.
        ImageDecodeError: while iterating with `decode=True`, if a file is broken; has `.path` and
            `.position`.

    Example:
        >>> import cv2, numpy as np, os, tempfile
        >>> root = tempfile.TemporaryDirectory()
        >>> for name in ("cat", "dog"):
        ...     os.mkdir(f"{root.name}/{name}")
        ...     _ = cv2.imwrite(f"{root.name}/{name}/0.jpg", np.zeros((40, 60, 3), np.uint8))
        >>> flow = ImageFolder(root.name, decode=True)
        >>> flow.classes
        ['cat', 'dog']
        >>> [(image.shape, label) for image, label in flow]
        [((40, 60, 3), 0), ((40, 60, 3), 1)]
        >>> root.cleanup()
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        shuffle: bool = False,
        extensions: Sequence[str] = IMAGE_EXTENSIONS,
        *,
        decode: bool = False,
    ) -> None:
        super().__init__(shuffle=shuffle)
        self.root = os.fspath(root)
        self.extensions = _suffixes(extensions)
        self.decode = bool(decode)
        folders = _class_folders(self.root, self.extensions)
        self.classes = [folder.name for folder in folders]
        self._images = [
            (path, label)
            for label, folder in enumerate(folders)
            for path in _images_in(folder, self.extensions)
        ]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int, /) -> list[Any]:
        path, label = self._images[index]
        return [decode_located(path) if self.decode else path, label]

    def _call_before(self, following: DataFlow) -> Call | None:
        """Leave to the next stage what it may crop, so that no more of it is decoded than shows."""
        if type(self) is not ImageFolder or not self.decode or not takes_undecoded(following, 0):
            return None

        def read(index: int) -> list[Any]:
            path, label = self._images[index]
            return [left_to_next_stage(path), label]

        return read

    def _params(self) -> Mapping[str, object]:
        params: dict[str, object] = {
            "*length": f"{len(self)} images of {len(self.classes)} classes",
            "shuffle": self._shuffle,
        }
        if self.decode:
            params["decode"] = True
        return params


def _suffixes(extensions: Sequence[str]) -> tuple[str, ...]:
    if isinstance(extensions, str) or not all(isinstance(one, str) for one in extensions):
        raise TypeError(
            f"ImageFolder: extensions is a list such as ['.jpg', '.png'], not {extensions!r}"
        )
    return tuple(one.lower() if one.startswith(".") else f".{one.lower()}" for one in extensions)


def _listed(folder: str | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """Return what a folder holds by name, hidden files left out."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if not entry.name.startswith(".")]
    return sorted(found, key=lambda entry: entry.name)


def _class_folders(root: str, extensions: tuple[str, ...]) -> list[os.DirEntry[str]]:
    try:
        entries = _listed(root)
    except FileNotFoundError:
        raise FileNotFoundError(f"ImageFolder: there is no folder {root!r}") from None
    except NotADirectoryError:
        raise NotADirectoryError(
            f"ImageFolder: {root!r} is a file; it takes the folder that holds one folder for each"
            " class"
        ) from None
    folders = [entry for entry in entries if entry.is_dir()]
    if folders:
        return folders
    if any(_is_image(entry, extensions) for entry in entries):
        raise ValueError(
            f"ImageFolder: {root!r} holds images, but no folder for each class; move them into"
            f" folders, or read them without labels by ImageFromFile"
        )
    holds = f"only files ({_kinds(entries)})" if entries else "nothing"
    raise ValueError(
        f"ImageFolder: {root!r} holds {holds}; it should hold one folder of images for each class"
    )


def _images_in(folder: os.DirEntry[str], extensions: tuple[str, ...]) -> list[str]:
    entries = _listed(folder)
    images = [entry.path for entry in entries if _is_image(entry, extensions)]
    if not images:
        holds = _kinds(entries) if entries else "nothing"
        raise ValueError(
            f"ImageFolder: the class folder {folder.path!r} holds no images, which end on"
            f" {', '.join(extensions)}; it holds {holds}. Remove it, or give other extensions="
        )
    return images


def _is_image(entry: os.DirEntry[str], extensions: tuple[str, ...]) -> bool:
    # A dangling link counts: reading it raises, whereas leaving it out would go unnoticed.
    return entry.name.lower().endswith(extensions) and not entry.is_dir()


def _kinds(entries: Sequence[os.DirEntry[str]]) -> str:
    """Say what entries are: `3 x .txt, 1 x folder`."""
    kinds = Counter(
        "folder" if entry.is_dir() else Path(entry.name).suffix or "without extension"
        for entry in entries
    )
    return ", ".join(f"{times} x {kind}" for kind, times in kinds.most_common(5))
