"""Databases of images that Caffe's tools wrote."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from dataflow_lmdb.datum import Datum, parse_datum
from dataflow_lmdb.decoded import DecodedData
from dataflow_lmdb.errors import MissingLibraryError
from dataflow_lmdb.location import PathLike


class CaffeLMDB(DecodedData):
    """The images of a Caffe LMDB: datapoints [image, label].

    An image is (height, width, channels), in memory of its own: uint8 as it was stored, which is
    BGR for all that Caffe's own tools wrote; float32 if the Datum holds `float_data`. One that is
    stored as an image file is decoded by OpenCV to uint8 BGR of three channels. A label is an int.

    Order: of the keys, or another permutation of it every epoch. Duplicates, loss: none. Crosses
    processes: as of LMDBData.

    Args:
        lmdb_path: a directory with a `data.mdb`, or a single file.
        shuffle: whether every epoch has an order of its own.
        keys: as of LMDBData.

    Raises:
        DamagedRecordError: if the first record is no Datum; while reading, if another one is not.
        MissingLibraryError: if images are stored as files, and OpenCV is not installed.
        LMDBError: as LMDBData.

    Example:
        >>> import lmdb, tempfile
        >>> path = tempfile.mkdtemp()
        >>> datum = bytes.fromhex("0801 1001 1802 2202 07ff 2803")
        >>> with lmdb.open(path) as environment, environment.begin(write=True) as transaction:
        ...     _ = transaction.put(b"00000000_cat.jpg", datum)
        >>> [[image, label]] = CaffeLMDB(path)
        >>> image.shape, image.dtype, label
        ((1, 2, 1), dtype('uint8'), 3)
    """

    _form = "a Datum of Caffe"

    def __init__(
        self,
        lmdb_path: PathLike,
        shuffle: bool = True,
        keys: Iterable[bytes | str] | str | None = None,
    ) -> None:
        super().__init__(lmdb_path, shuffle, keys)
        self._decode = decode_datum
        # Rather now than nine hours later in a worker: is it Caffe's, can its images be decoded?
        try:
            self[0]
        finally:
            self.close()


def decode_datum(value: bytes | memoryview) -> list[Any]:
    """Return [image, label] of a serialized Datum; see CaffeLMDB.

    Raises:
        ValueError: if it is no Datum, or its image cannot be decoded.
        MissingLibraryError: if the image is a file, and OpenCV is not installed.
    """
    datum = parse_datum(value)
    return [_decode_file(datum) if datum.encoded else datum.pixels(), datum.label]


def _decode_file(datum: Datum) -> npt.NDArray[Any]:
    try:
        import cv2
    except ModuleNotFoundError as error:
        raise MissingLibraryError(
            "the images of this database are stored as files, which OpenCV decodes:"
            ' pip install "dataflow-lmdb[caffe]"'
        ) from error
    if not datum.data:
        raise ValueError("the Datum holds no image")
    image: npt.NDArray[Any] | None = cv2.imdecode(
        np.frombuffer(datum.data, np.uint8), cv2.IMREAD_COLOR
    )
    if image is None:
        raise ValueError(f"OpenCV cannot read an image that begins with {bytes(datum.data[:8])!r}")
    return image
