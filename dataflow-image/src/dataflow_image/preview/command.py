"""The command: load the flow, run it for a moment, write the sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import typer

from dataflow_core.cli import load_flow
from dataflow_image.demo.contact_sheet import contact_sheet
from dataflow_image.preview.errors import PreviewError
from dataflow_image.preview.shown import strips_of

__all__ = ["preview"]


def preview(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ATTRIBUTE",
            help="A flow, or a function that returns one; path/to/file.py:ATTRIBUTE works too.",
        ),
    ],
    count: Annotated[int, typer.Option(min=1, help="How many images to show.")] = 12,
    epochs: Annotated[int, typer.Option(min=1, help="How often to draw for each image.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Seeds the flow.")] = 0,
    out: Annotated[
        Path, typer.Option(dir_okay=False, help="Where to write the contact sheet, a PNG.")
    ] = Path("dataflow-preview.png"),
) -> None:
    """Show what a pipeline really yields, as a contact sheet.

    Each image stands beside what the last augmenting stage makes of it, with boxes, masks, polygons
    and points drawn in. Stages after that, such as a batch, are not run.
    """
    if not out.absolute().parent.is_dir():
        raise PreviewError(f"there is no folder {out.absolute().parent} to write {out.name} into")
    with load_flow(target) as flow:
        strips = strips_of(flow, count, epochs, seed)
    if not strips:
        raise PreviewError(f"{target} yields nothing")
    shown = len(strips[0].augmented)
    captions = ["original", *(f"epoch {number}" for number in range(shown))] if shown else ["image"]
    sheet = contact_sheet(strips, captions, f"{target}, seed {seed}")
    _, png = cv2.imencode(".png", sheet)
    out.write_bytes(png.tobytes())
    typer.echo(f"{len(strips)} images: {out}")
