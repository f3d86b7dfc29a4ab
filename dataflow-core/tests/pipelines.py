"""Random pipelines, for tests that hold for every pipeline.

`pipelines()` draws factories without arguments; each call builds an equal flow anew. Datapoints
are compared by `canonical()`, whole epochs by `outcome()`. `blow_at()` makes the n-th call of a
user's function raise, wherever in the pipeline that is.

All functions inside the pipelines are closures, so that they travel to other processes by value.
"""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import dataflow_core as df

Draw = Callable[[st.SearchStrategy[Any]], Any]

#: No epoch of a drawn pipeline has more datapoints than this.
MOST = 48


class Boom(Exception):
    """What a user's function raises under `blow_at()`."""


def canonical(value: Any) -> tuple[Any, ...]:
    """Return nested tuples that are equal just when types, dtypes, shapes and bits are."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            return ("array", "O", value.shape, tuple(canonical(one) for one in value.ravel()))
        return ("array", value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return ("scalar", value.dtype.str, value.tobytes())
    if isinstance(value, Mapping):
        return (type(value).__name__, *((key, canonical(one)) for key, one in value.items()))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *map(canonical, value))
    if isinstance(value, float):
        return ("float", value.hex())
    return (type(value).__name__, value)


def outcome(datapoints: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return the canonical datapoints; an error of DataFlow's own is the last of them."""
    seen: list[tuple[Any, ...]] = []
    try:
        seen.extend(map(canonical, datapoints))
    except df.DataFlowError as error:
        seen.append(("raised", type(error).__name__))
    return seen


_fuse: dict[str, int | None] = {"left": None}


@contextmanager
def blow_at(call: int) -> Iterator[None]:
    """Let the call number `call` (0, 1, ...) of any function of any pipeline raise Boom."""
    _fuse["left"] = call
    try:
        yield
    finally:
        _fuse["left"] = None


def _functions() -> dict[str, Callable[..., Any]]:
    """Return the functions that pipelines are made of, as closures."""
    as_tuples, spell, fuse, boom = canonical, zlib.crc32, _fuse, Boom

    def burn() -> None:
        left = fuse["left"]
        if left is not None:
            fuse["left"] = left - 1 if left else None
            if left == 0:
                raise boom

    def digest(dp: Any) -> int:
        return spell(repr(as_tuples(dp)).encode()) & 0xFFFF

    def like(dp: Any, components: list[Any]) -> Any:
        if isinstance(dp, dict):
            return {f"c{i}": component for i, component in enumerate(components)}
        return tuple(components) if isinstance(dp, tuple) else components

    def components(dp: Any) -> list[Any]:
        return list(dp.values()) if isinstance(dp, dict) else list(dp)

    def add_draw(dp: Any) -> Any:
        burn()
        return like(dp, [*components(dp), int(df.rng().integers(1000))])

    def drop_some(dp: Any) -> Any:
        burn()
        return None if digest(dp) % 3 == 0 else dp

    def drop_at_random(dp: Any) -> Any:
        burn()
        return dp if df.rng().random() < 0.6 else None

    def fold(dp: Any) -> Any:
        burn()
        number = digest(dp)
        return like(dp, [number, np.array([number, number / 2], np.float32)])

    def nudge(component: Any) -> Any:
        burn()
        return component + int(df.rng().integers(5))

    def keep_most(dp: Any) -> bool:
        burn()
        return digest(dp) % 4 != 0

    def rename(number: int) -> Callable[[Any], Any]:
        def renamed(dp: Any) -> Any:
            burn()
            return {f"{key}_{number}": component for key, component in dp.items()}

        return renamed

    def make(container: str, number: int) -> Any:
        component = np.array([number, -number], np.float32)
        if container == "dict":
            return {"c0": number, "c1": component}
        return (number, component) if container == "tuple" else [number, component]

    return {name: value for name, value in locals().items() if callable(value)}


F = _functions()


class Numbered(df.IndexedDataFlow):
    """An indexed source that draws for each datapoint and counts what is read."""

    def __init__(self, container: str, size: int, *, shuffle: bool = False) -> None:
        super().__init__(shuffle=shuffle)
        self.container = container
        self.count = size
        self.reads: list[int] = []
        self.make = F["make"]
        self.burn = F["burn"]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /) -> Any:
        self.burn()
        self.reads.append(index)
        return self.make(self.container, index + 100 * int(df.rng().integers(9)))


class Noise(df.RNGDataFlow):
    """A source written by hand that draws from `self.rng`."""

    def __init__(self, container: str, size: int) -> None:
        self.container = container
        self.count = size
        self.make = F["make"]
        self.burn = F["burn"]

    def __len__(self) -> int:
        return self.count

    def get_data(self) -> Iterator[Any]:
        for _ in range(self.count):
            self.burn()
            yield self.make(self.container, int(self.rng.integers(10_000)))


class TwicePerEpoch(df.ProxyDataFlow):
    """A proxy written by hand that iterates its upstream twice, and leaves the last one early."""

    def __len__(self) -> int:
        raise df.UnknownLengthError("nobody knows")

    def get_data(self) -> Iterator[Any]:
        yield from self.ds
        for number, dp in enumerate(self.ds):
            if number == 2:
                break
            yield dp


class Thinned(df.RNGDataFlow):
    """A flow written by hand that draws itself and holds its upstream under a name of its own."""

    def __init__(self, inner: df.DataFlow) -> None:
        self.inner = inner
        self.burn = F["burn"]

    def __iter__(self) -> Iterator[Any]:
        for dp in self.inner:
            self.burn()
            if self.rng.random() < 0.7:
                yield dp


@dataclass(frozen=True)
class Recipe:
    """Builds an equal flow at every call.

    Attributes:
        build: what it calls.
        kind: equal for flows whose datapoints can be batched together; None: not even with
            themselves.
        most: no epoch has more datapoints.
    """

    build: Callable[[], df.DataFlow]
    kind: str | None
    most: int

    def __call__(self) -> df.DataFlow:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # joins of unequal lengths
            return self.build()

    def __repr__(self) -> str:
        return f"<pipeline {self()!r}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # What hypothesis shows of a failing example.
        del cycle
        printer.text(self().explain())

    def then(
        self, name: str, *args: Any, kind: str | None = None, most: int | None = None, **kwargs: Any
    ) -> Recipe:
        """Return the recipe with an operator on top, by its short form."""
        return Recipe(
            lambda: getattr(self.build(), name)(*args, **kwargs),
            kind,
            self.most if most is None else most,
        )

    def length(self) -> int | None:
        """Return the length that the flow claims, None where it is unknown."""
        try:
            return len(self())
        except df.UnknownLengthError:
            return None


def pipelines(max_operators: int = 5) -> st.SearchStrategy[Recipe]:
    """Return a strategy of factories of flows with up to `max_operators` operators in a row."""
    return _pipelines(max_operators)


@st.composite
def _pipelines(draw: Draw, max_operators: int) -> Recipe:
    container = draw(st.sampled_from(["list", "tuple", "dict"]))
    return _flow(draw, container, max_operators)


def _flow(draw: Draw, container: str, max_operators: int) -> Recipe:
    recipe = _source(draw, container)
    for _ in range(draw(st.integers(0, max_operators))):
        operator = draw(st.sampled_from(_OPERATORS))
        grown = operator(draw, recipe, container)
        if grown.most <= MOST:
            recipe = grown
    return recipe


def _source(draw: Draw, container: str) -> Recipe:
    make, burn = F["make"], F["burn"]
    size = draw(st.integers(0, 9))
    items = [make(container, number) for number in range(size)]

    def generate() -> Iterator[Any]:
        for number in range(size):
            burn()
            yield make(container, number)

    shuffle = draw(st.booleans())
    builds: list[Callable[[], df.DataFlow]] = [
        lambda: df.DataFromList(items, shuffle=shuffle),
        lambda: Numbered(container, size, shuffle=shuffle),
        lambda: df.DataFromGenerator(generate),
        lambda: df.DataFromIterable(items),
        lambda: Noise(container, size),
    ]
    if container == "list":
        builds.append(
            lambda: df.FakeData([(), (2,)], size, dtype=["int32", "float32"], domain=(0, 99))
        )
    return Recipe(draw(st.sampled_from(builds)), container, size)


def _pointwise(draw: Draw, recipe: Recipe, container: str) -> Recipe:
    first = "c0" if container == "dict" else 0
    kind = recipe.kind
    choices = [
        recipe.then("map", F["add_draw"], kind=kind and f"drawn({kind})"),
        recipe.then("map", F["drop_some"], kind=kind),
        recipe.then("map", F["drop_at_random"], kind=kind),
        recipe.then("map", F["fold"], kind=container),
        recipe.then("filter", F["keep_most"], kind=kind),
        recipe.then("print", 0, kind=kind),
    ]
    if kind == container:
        choices.append(recipe.then("map_component", F["nudge"], first, kind=kind))
        if container != "dict":
            choices.append(recipe.then("select", [1, 0], kind=f"swapped({kind})"))
    chosen: Recipe = draw(st.sampled_from(choices))
    return chosen


def _grouped(draw: Draw, recipe: Recipe, container: str) -> Recipe:
    size = draw(st.integers(1, 4))
    length = recipe.length()
    remainder = draw(st.booleans()) or (length is not None and length < size)
    most = math.ceil(recipe.most / size)
    if recipe.kind is None:
        recipe = recipe.then("map", F["fold"], kind=container)
    kind = None if remainder else f"batch{size}({recipe.kind})"
    name = draw(st.sampled_from(["batch", "padded_batch", "batch_by_shape", "lists"]))
    if name == "lists":
        return recipe.then("batch", size, remainder, use_list=True, most=most)
    if name == "batch_by_shape":
        first = "c0" if container == "dict" else 0
        folded = recipe.then("map", F["fold"], kind=container)
        kind = None if remainder else f"batch{size}({container})"
        return folded.then(name, size, first, remainder, kind=kind, most=most)
    return recipe.then(name, size, remainder=remainder, kind=kind, most=most)


def _repeated(draw: Draw, recipe: Recipe, container: str) -> Recipe:
    del container
    num, kind = draw(st.integers(1, 3)), recipe.kind
    choices = [
        recipe.then("repeat", num, kind=kind, most=recipe.most * num),
        recipe.then("repeat_each", num, kind=kind, most=recipe.most * num),
        recipe.then("fixed_size", 3 * num, draw(st.booleans()), kind=kind, most=3 * num),
        recipe.then("repeat", -1, kind=kind).then("take", 4 * num, kind=kind, most=4 * num),
    ]
    chosen: Recipe = draw(st.sampled_from(choices))
    return chosen


def _reordered(draw: Draw, recipe: Recipe, container: str) -> Recipe:
    del container
    kind = recipe.kind
    size, reuse = draw(st.integers(1, 6)), draw(st.integers(1, 2))
    count = draw(st.integers(1, 3))
    choices = [
        recipe.then("shuffle", size, reuse, kind=kind, most=recipe.most * reuse),
        recipe.then("cache", draw(st.booleans()), kind=kind),
        recipe.then("take", draw(st.integers(0, 8)), kind=kind),
        recipe.then("skip", draw(st.integers(0, 8)), kind=kind),
        recipe.then("shard", draw(st.integers(0, count - 1)), count, kind=kind),
    ]
    chosen: Recipe = draw(st.sampled_from(choices))
    return chosen


def _written(draw: Draw, recipe: Recipe, container: str) -> Recipe:
    del container
    if draw(st.booleans()):
        return Recipe(lambda: TwicePerEpoch(recipe.build()), recipe.kind, recipe.most + 2)
    return Recipe(lambda: Thinned(recipe.build()), recipe.kind, recipe.most)


def _several(draw: Draw, recipe: Recipe, container: str) -> Recipe:
    recipes = [recipe, *(_flow(draw, container, 2) for _ in range(draw(st.integers(1, 2))))]
    same = recipe.kind if len({one.kind for one in recipes}) == 1 else None
    most = sum(one.most for one in recipes)

    def built() -> list[df.DataFlow]:
        return [one.build() for one in recipes]

    def joined() -> df.DataFlow:
        flows = built()
        if container == "dict":
            flows = [flow.map(F["rename"](number)) for number, flow in enumerate(flows)]
        return df.JoinData(flows)

    kinds = [one.kind for one in recipes]
    together = None if None in kinds else f"joined({kinds})"
    weights = [1 / len(recipes)] * len(recipes)
    choices = [
        Recipe(lambda: df.ConcatData(built()), same, most),
        Recipe(joined, together, min(one.most for one in recipes)),
        Recipe(lambda: df.RandomChooseData(built()), same, most),
        Recipe(lambda: df.RandomChooseData([*zip(built(), weights)]), same, most),
    ]
    if all(one.length() is not None for one in recipes):
        choices.append(Recipe(lambda: df.RandomMixData(built()), same, most))
    chosen: Recipe = draw(st.sampled_from(choices))
    return chosen


_OPERATORS = [_pointwise, _pointwise, _grouped, _repeated, _reordered, _several, _written]
