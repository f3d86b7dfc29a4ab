"""The pipeline that the demo runs: the one that classifiers are trained with."""

from __future__ import annotations

from dataflow_core import BatchData, DataFlow
from dataflow_image.augment import AugmentImageComponent
from dataflow_image.decoding import DecodeImage
from dataflow_image.imgaug import ColorJitter, Flip, GoogleNetRandomCropAndResize

__all__ = ["BATCH_SIZE", "SIDE", "training_pipeline"]

BATCH_SIZE = 64
SIDE = 224
"""Height and width of what comes out, in pixels."""


def training_pipeline(jpegs: DataFlow, workers: int, backend: str) -> DataFlow:
    """Return decode → crop and resize → jitter → flip → batch, run by workers.

    Args:
        jpegs: a flow of [JPEG as bytes, id].
        workers: how many threads or processes.
        backend: which; a name of the registry.

    Returns:
        A flow of [images (N, 224, 224, 3) uint8 BGR, ids (N,) int32]; the last batch of an epoch
        may have less than 64.
    """
    flow: DataFlow = DecodeImage(jpegs)
    flow = AugmentImageComponent(
        flow,
        [
            GoogleNetRandomCropAndResize(target_shape=SIDE),
            ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4),
            Flip(horiz=True),
        ],
    )
    flow = BatchData(flow, BATCH_SIZE, remainder=True)
    if backend == "zmq":
        # The name that users of dataflow-zmq know; plugins meet in the registry only.
        prefetched: DataFlow = DataFlow.registry.get("prefetch_zmq")(flow, workers)
        return prefetched
    return flow.parallel(workers, backend=backend)
