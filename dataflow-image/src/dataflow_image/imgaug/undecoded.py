"""Images that are yet to be decoded."""

from __future__ import annotations

from abc import abstractmethod

from dataflow_image.imgaug.spec import Image, ImageSpec

__all__ = ["Undecoded"]


class Undecoded:
    """An image whose shape is known, and whose pixels can be had from the top as far as needed.

    Attributes:
        spec: shape and dtype of the whole image.
        decoded: what has been decoded last, if anything.
    """

    def __init__(self, spec: ImageSpec) -> None:
        self.spec = spec
        self.decoded: Image | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The whole image's, as an array has it."""
        return self.spec.shape

    def pixels(self, rows: int | None = None) -> Image:
        """Return at least the upper `rows` rows, exactly as in the whole image; None: all."""
        height = self.spec.shape[0]
        image = self.decoded = self._decode(height if rows is None else min(rows, height))
        return image

    @abstractmethod
    def _decode(self, rows: int) -> Image:
        """Decode at least the upper `rows` rows, which are not more than there are."""
