"""Images from a list of files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_core import DataFlow, IndexedDataFlow
from dataflow_core.flow import Call
from dataflow_image.augment import takes_undecoded
from dataflow_image.decoding.located import checked_channel, decode_located
from dataflow_image.decoding.undecoded import left_to_next_stage
from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image

__all__ = ["ImageFromFile"]

Shape: TypeAlias = "int | Sequence[int]"


class ImageFromFile(IndexedDataFlow):
    """The images of a list of files, one by one: [image].

    Images are uint8, (height, width, 3) in BGR order, or (height, width, 1) for `channel=1`,
    turned upright as their EXIF header says. They are read and decoded in the workers.

    Order: the list's, or with `shuffle=True` another permutation every epoch. Duplicates, loss:
    none. The files are not looked at before their turn comes.

    Args:
        files: paths.
        channel: 3 for colour, 1 for grey; an image is converted if it differs.
        resize: (height, width) in pixels, or an int for a square; or a function that is given
            each image and returns one of these; None keeps the size.
        shuffle: whether every epoch has an order of its own.

    Raises:
        ValueError: if there are no files, `channel` is neither 1 nor 3, or `resize` not positive.
        TypeError: if `files` is a single path, or something that is no path is among them.
        OSError: while iterating, if a file cannot be read.
        ImageDecodeError: while iterating, if a file is broken; has `.path` and `.position`.

    Example:
        >>> import cv2, numpy as np, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = f"{folder.name}/black.png"
        >>> cv2.imwrite(path, np.zeros((40, 60, 3), np.uint8))
        True
        >>> [image.shape for [image] in ImageFromFile([path], resize=(20, 30))]
        [(20, 30, 3)]
        >>> half = lambda image: (image.shape[0] // 2, image.shape[1] // 2)
        >>> [image.shape for [image] in ImageFromFile([path], channel=1, resize=half)]
        [(20, 30, 1)]
        >>> folder.cleanup()
    """

    def __init__(
        self,
        files: Iterable[str | os.PathLike[str]],
        channel: int = 3,
        resize: Shape | Callable[[Image], Shape] | None = None,
        shuffle: bool = False,
    ) -> None:
        super().__init__(shuffle=shuffle)
        self.files = _paths(files)
        self.channel = checked_channel(channel, "ImageFromFile")
        self.resize = (
            resize
            if resize is None or callable(resize)
            else arguments.shape_2d("ImageFromFile", "resize", resize)
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int, /) -> list[npt.NDArray[np.uint8]]:
        image: Any = decode_located(self.files[index], self.channel)
        shape = self._shape(image)
        if shape is not None:
            image = cv2.resize(image, shape[::-1])
        return [image if self.channel > 1 else image[:, :, np.newaxis]]

    def _call_before(self, following: DataFlow) -> Call | None:
        """Leave to the next stage what it may crop, so that no more of it is decoded than shows."""
        as_decoded = type(self) is ImageFromFile and self.channel > 1 and self.resize is None
        if not as_decoded or not takes_undecoded(following, 0):
            return None
        return lambda index: [left_to_next_stage(self.files[index])]

    def _shape(self, image: Image) -> tuple[int, int] | None:
        if callable(self.resize):
            wanted = self.resize(image)
            return arguments.shape_2d("ImageFromFile", "what resize returned", wanted)
        return self.resize

    def _params(self) -> Mapping[str, object]:
        return {
            "*files": f"{len(self)} files",
            "channel": self.channel,
            "resize": self.resize,
            "shuffle": self._shuffle,
        }


def _paths(files: Iterable[str | os.PathLike[str]]) -> list[str]:
    if isinstance(files, (str, bytes, os.PathLike)):
        raise TypeError(
            f"ImageFromFile: files is a list of paths, not the single path {files!r}; write"
            f" [{files!r}], or use ImageFolder for a folder of labelled images"
        )
    paths = []
    for file in files:
        if not isinstance(file, (str, os.PathLike)):
            raise TypeError(f"ImageFromFile: a file is named by a path, not by {file!r}")
        paths.append(os.fsdecode(file))
    if not paths:
        raise ValueError("ImageFromFile: files is empty; does the pattern it came from match any?")
    return paths
