"""Other loaders on the same work, as far as they are installed.

None of them is needed; `nox -s peers` installs all. Each `*_loader` here has one function,
`batches`, and is imported only if its library is there.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol


class Dataset(Protocol):
    """What all of them read."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


@dataclass(frozen=True)
class Peer:
    """A loader with workers of one kind.

    Attributes:
        library: its name, for people.
        kind: of the workers, "thread" or "process".
        module: here.
    """

    library: str
    kind: str
    module: str

    def __str__(self) -> str:
        return f"{self.library}, {self.kind}"

    def batches(
        self, dataset: Dataset, batch_size: int | None, workers: int
    ) -> Generator[Any, None, None]:
        """Yield batches of the dataset in order; its datapoints if `batch_size` is None."""
        made: Generator[Any, None, None] = import_module(f"peers.{self.module}").batches(
            dataset, batch_size, workers, self.kind
        )
        return made


_PEERS = {
    "torch": [Peer("torch DataLoader", "process", "torch_loader")],
    "grain": [Peer("grain", kind, "grain_loader") for kind in ("thread", "process")],
    "spdl": [Peer("SPDL", kind, "spdl_loader") for kind in ("thread", "process")],
}


def installed(*kinds: str) -> Iterator[Peer]:
    """Yield the peers that are installed and have workers of these kinds; say which are not."""
    for library, peers in _PEERS.items():
        if is_installed(library):
            yield from (peer for peer in peers if peer.kind in kinds)


@cache
def is_installed(library: str) -> bool:
    """Whether a library is there; says so if it is not."""
    found = find_spec(library) is not None
    if not found:
        # Once, however often it is asked for.
        print(f"{library}: not installed, left out", file=sys.stderr)
    return found
