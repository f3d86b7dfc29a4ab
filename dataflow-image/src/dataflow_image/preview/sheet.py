"""The preview as one picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from dataflow_image.demo.contact_sheet import Strip, contact_sheet
from dataflow_image.preview.shown import Row

__all__ = ["preview_sheet"]

# Where a datapoint was left out: the colour of the frames around images.
_BLANK = np.full((1, 1, 3), 232, np.uint8)


def preview_sheet(rows: Sequence[Row], title: str, seed: int) -> bytes:
    """Return the contact sheet as the bytes of a PNG file.

    Args:
        rows: what to show, at least one.
        title: what it is a preview of; fonts have ASCII only, other letters become question marks.
        seed: of the flow.
    """
    epochs = len(rows[0].augmented)
    captions = (
        ["original", *(f"epoch {number}" for number in range(epochs))] if epochs else ["image"]
    )
    strips = [
        Strip(row.original.image, [shot.image if shot else _BLANK for shot in row.augmented])
        for row in rows
    ]
    printable = title.encode("ascii", "replace").decode("ascii")
    _, png = cv2.imencode(".png", contact_sheet(strips, captions, f"{printable}, seed {seed}"))
    return png.tobytes()
