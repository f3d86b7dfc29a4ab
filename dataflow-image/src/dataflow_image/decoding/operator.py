"""Decode one component of every datapoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dataflow_core import DataFlow, Datapoint
from dataflow_core.collate import row
from dataflow_core.flow import Call, Index, PointwiseFlow, component, with_component
from dataflow_image.augment import takes_undecoded
from dataflow_image.decoding.encoded import MAX_PIXELS, EncodedImage
from dataflow_image.decoding.located import checked_channel, located
from dataflow_image.decoding.reduced import decode_reduced
from dataflow_image.decoding.undecoded import LeftToNextStage, UndecodedJpeg
from dataflow_image.errors import ImageDecodeError
from dataflow_image.imgaug import AugmentorList, ImageAugmentor, arguments
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["DecodeImage"]


class DecodeImage(PointwiseFlow):
    """Turn the encoded image `dp[index]` into an array; the other components pass as they are.

    What is encoded comes as bytes, as a one-dimensional uint8 array of them, or as the path of a
    file; what comes out is (height, width, 3) in BGR order, or (height, width) for `channel=1`.
    It is uint8, unless the file is deeper. Where augmentors crop it right away, be they those of
    this stage or of the next, JPEGs are decoded no further down than that, to the same effect.

    Order: as `ds`. Duplicates, loss: none. Draws of `augmentors` belong to the datapoint's
    position.

    Args:
        ds: the flow.
        index: position or key of the encoded image.
        channel: 3 for colour, 1 for grey; the image is converted if it differs.
        exif_orientation: turn images upright as their EXIF header says.
        keep_depth: keep images of 16 bits per value as uint16, and floats; else all are brought
            down to uint8.
        max_pixels: refuse larger images, where possible before they are decoded; None refuses
            none.
        augmentors: augment each image in this stage, as AugmentImageComponent would in the next.
        reduced: let the JPEG decoder scale down by 2, 4 or 8 where the crop and resize of the
            first augmentor leave no more of the image anyway. Images are then uint8, and smoother
            than a resize alone would leave them; what is drawn stays the same. Needs `augmentors`.

    Raises:
        ValueError: if `channel` is neither 1 nor 3, or `reduced` is without augmentors.
        TypeError: if `augmentors` holds something else.
        ImageDecodeError: while iterating, if data is broken or too large; has `.position` and
            `.path`.
        ComponentError: while iterating, if a datapoint has no component `index`.
        OSError: while iterating, if a file cannot be read.
        TypeError: while iterating, if the component is none of the above.

    Example:
        >>> import cv2, numpy as np, dataflow_core as df
        >>> from dataflow_image import imgaug
        >>> _, jpeg = cv2.imencode(".jpg", np.zeros((400, 600, 3), np.uint8))
        >>> flow = df.DataFromList([[jpeg.tobytes(), "black"]], shuffle=False)
        >>> [(image.shape, label) for image, label in DecodeImage(flow)]
        [((400, 600, 3), 'black')]
        >>> small = DecodeImage(flow, augmentors=[imgaug.Resize((40, 60))], reduced=True)
        >>> [image.shape for image, _ in small]
        [(40, 60, 3)]
    """

    writes_rows = True

    def __init__(
        self,
        ds: DataFlow,
        index: Index = 0,
        channel: int = 3,
        *,
        exif_orientation: bool = True,
        keep_depth: bool = True,
        max_pixels: int | None = MAX_PIXELS,
        augmentors: Sequence[ImageAugmentor] | AugmentorList | None = None,
        reduced: bool = False,
    ) -> None:
        super().__init__(ds)
        name = type(self).__name__
        self.index = index
        self.channel = checked_channel(channel, name)
        self.exif_orientation = bool(exif_orientation)
        self.keep_depth = bool(keep_depth)
        self.max_pixels = (
            None if max_pixels is None else arguments.positive_int(name, "max_pixels", max_pixels)
        )
        if augmentors is not None and not isinstance(augmentors, AugmentorList):
            augmentors = AugmentorList(augmentors)
        self.augmentors = augmentors
        if reduced and augmentors is None:
            raise ValueError(
                f"{name}: reduced=True looks at what follows the decoding; give it here, as "
                "augmentors=[...], instead of to AugmentImageComponent"
            )
        self.reduced = bool(reduced)

    @property
    def _draws(self) -> bool:  # type: ignore[override]  # without augmentors nothing is drawn
        return self.augmentors is not None

    @property
    def _may_drop(self) -> bool:
        return False

    def _call(self) -> Call:
        return self._replacing(self._image)

    def _call_before(self, following: DataFlow) -> Call | None:
        """Leave to the next stage what it may crop, so that no more of it is decoded than shows."""
        if type(self) is not DecodeImage or self.augmentors is not None:
            return None
        return self._replacing(self._handed_on) if takes_undecoded(following, self.index) else None

    def _replacing(self, image_of: Callable[[EncodedImage], Image | Undecoded]) -> Call:
        index, stage = self.index, type(self).__name__

        def call(dp: Datapoint) -> Datapoint:
            encoded = EncodedImage.read(component(dp, index, stage))
            try:
                image = image_of(encoded)
            except ImageDecodeError as error:
                raise located(error) from error.__cause__
            return with_component(dp, index, image)

        return call

    def _image(self, encoded: EncodedImage) -> Image:
        if self.augmentors is None:
            return self._decoded(encoded)
        if self.reduced:
            return decode_reduced(
                encoded,
                self.augmentors,
                self.channel,
                exif_orientation=self.exif_orientation,
                max_pixels=self.max_pixels,
            )
        image = self._undecoded(UndecodedJpeg, encoded) or self._decoded(encoded)
        return self.augmentors.augment_with_transform(image, row)[0]

    def _handed_on(self, encoded: EncodedImage) -> Image | Undecoded:
        return self._undecoded(LeftToNextStage, encoded) or self._decoded(encoded)

    def _undecoded(self, kind: type[UndecodedJpeg], encoded: EncodedImage) -> Undecoded | None:
        return kind.of(
            encoded,
            self.channel,
            exif_orientation=self.exif_orientation,
            max_pixels=self.max_pixels,
        )

    def _decoded(self, encoded: EncodedImage) -> Image:
        encoded.check(self.max_pixels)
        return encoded.decode(
            self.channel,
            exif_orientation=self.exif_orientation,
            keep_depth=self.keep_depth,
            max_pixels=self.max_pixels,
        )

    def _params(self) -> Mapping[str, object]:
        params = self._options()
        if self.augmentors is not None:
            kinds = [type(augmentor) for augmentor in self.augmentors.augmentors]
            params["augmentors"] = kinds
        return params

    def _fingerprint_params(self) -> Mapping[str, object]:
        augmentors = {} if self.augmentors is None else {"*augmentors": repr(self.augmentors)}
        return {**self._options(), **augmentors}

    def _options(self) -> dict[str, object]:
        # Which files are refused changes no stream.
        options: dict[str, object] = {"index": self.index, "channel": self.channel}
        defaults = {"exif_orientation": True, "keep_depth": True, "reduced": False}
        chosen = {name: getattr(self, name) for name in defaults}
        return {**options, **{k: v for k, v in chosen.items() if v != defaults[k]}}
