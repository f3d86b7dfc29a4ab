"""The command: make an LMDB of JPEGs, run the epochs over it, write the contact sheet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import cv2
import typer

from dataflow_core import DataFlow, IndexedDataFlow
from dataflow_image.decoding import decode_image
from dataflow_image.demo.contact_sheet import Strip, contact_sheet
from dataflow_image.demo.crops import JPEGCrops
from dataflow_image.demo.epoch import Epoch, run_epoch
from dataflow_image.demo.errors import DemoError
from dataflow_image.demo.photographs import photographs
from dataflow_image.demo.pipeline import BATCH_SIZE, SIDE, training_pipeline
from dataflow_image.demo.requirements import SERIALIZER, require
from dataflow_image.imgaug.spec import Image

__all__ = ["demo"]

_SIZE = 320
_SHOWN_IDS = range(12)
_SHOWN_EPOCHS = 4


def demo(
    seed: Annotated[int, typer.Option(min=0, help="Decides what is cut and drawn.")] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="How often to run through all images.")] = 4,
    workers: Annotated[int, typer.Option(min=1, help="How many workers.")] = 2,
    backend: Annotated[
        str, typer.Option(help="What the workers are: zmq (processes), thread, inline, ...")
    ] = "zmq",
    out: Annotated[
        Path, typer.Option(dir_okay=False, help="Where to write the contact sheet, a PNG.")
    ] = Path("dataflow-demo.png"),
) -> None:
    """Run photographs through a training pipeline, and check what arrives.

    Cuts JPEGs out of photographs and writes them to an LMDB; then decodes, crops, resizes, jitters,
    flips and batches them in parallel workers. The same seed gives the same images, whatever the
    backend and the number of workers.
    """
    require(backend)
    out = out.absolute()
    if not out.parent.is_dir():
        raise DemoError(f"there is no folder {out.parent} to write {out.name} into")
    bars = sys.stderr.isatty()
    with TemporaryDirectory(prefix="dataflow-demo-") as folder:
        database = Path(folder) / "jpegs.lmdb"
        images = photographs()
        serializer = DataFlow.registry.get(SERIALIZER)
        serializer.save(JPEGCrops(images, _SIZE, seed), database, progress=bars)
        megabytes = database.stat().st_size / 1e6
        typer.echo(f"{_SIZE} JPEGs of {len(images)} photographs: an LMDB of {megabytes:.1f} MB")
        with serializer.load(database, shuffle=True) as jpegs:
            results = _run(jpegs, seed, epochs, workers, backend, progress=bars)
            originals = [decode_image(jpegs[number][0]) for number in _SHOWN_IDS]
    try:
        out.write_bytes(_sheet(originals, results, seed))
    except OSError as error:
        raise DemoError(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"\ncontact sheet: {out}")


def _run(
    jpegs: IndexedDataFlow,
    seed: int,
    epochs: int,
    workers: int,
    backend: str,
    *,
    progress: bool,
) -> list[Epoch]:
    results = []
    with training_pipeline(jpegs, workers, backend) as flow:
        typer.echo(
            f"LMDB -> decode -> random crop, resize to {SIDE} x {SIDE} -> colour jitter -> flip"
            f" -> batches of {BATCH_SIZE}, by {workers} workers ({backend})\n"
        )
        flow.reset_state(seed)
        for number in range(epochs):
            keep = _SHOWN_IDS if number < _SHOWN_EPOCHS else ()
            result = run_epoch(flow, number, len(jpegs), keep, progress=progress)
            note = " (while workers start)" if number == 0 and backend != "inline" else ""
            typer.echo(
                f"epoch {number}: every image arrived exactly once, "
                f"{result.images_per_s:,.0f} images/s{note}"
            )
            results.append(result)
    return results


def _sheet(originals: Sequence[Image], epochs: Sequence[Epoch], seed: int) -> bytes:
    """Return the contact sheet as PNG."""
    shown = epochs[:_SHOWN_EPOCHS]
    strips = [
        Strip(original, [epoch.kept[number] for epoch in shown])
        for number, original in zip(_SHOWN_IDS, originals)
    ]
    captions = ["original", *(f"epoch {number}" for number in range(len(shown)))]
    title = f"DataFlow demo: seed {seed}, {_SIZE} JPEGs, every epoch draws anew"
    _, png = cv2.imencode(".png", contact_sheet(strips, captions, title))
    return png.tobytes()
