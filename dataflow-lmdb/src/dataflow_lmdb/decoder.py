"""Make datapoints out of keys and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dataflow_core.flow import DROP, DataFlow, Datapoint, PointwiseFlow


class LMDBDataDecoder(PointwiseFlow):
    """`decoder(key, value)` for every record.

    `decoder` may draw from `dataflow_core.rng()`. Returning None drops the record.

    Order: as `lmdb_data`. Duplicates, loss: none but what `decoder` drops.

    Args:
        lmdb_data: an LMDBData, or a flow over one that still yields [key, value].
        decoder: from a key and a value, both bytes, to a datapoint.

    Raises:
        TypeError: if `lmdb_data` is no flow, or `decoder` cannot be called.

    Example:
        >>> import dataflow_core as df
        >>> records = df.DataFromList([[b"0", b"ab"], [b"1", b"c"]], shuffle=False)
        >>> list(LMDBDataDecoder(records, lambda key, value: [int(key), value.decode()]))
        [[0, 'ab'], [1, 'c']]
    """

    def __init__(
        self, lmdb_data: DataFlow, decoder: Callable[[Any, Any], Datapoint | None]
    ) -> None:
        super().__init__(lmdb_data)
        if not callable(decoder):
            raise TypeError(
                f"decoder of LMDBDataDecoder is a function of key and value, not {decoder!r}"
            )
        self.decoder = decoder

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        decoder = self.decoder

        def call(dp: Datapoint) -> Datapoint:
            key, value = dp
            out = decoder(key, value)
            return DROP if out is None else out

        return call

    def _params(self) -> Mapping[str, object]:
        return {"*decoder": self.decoder}
