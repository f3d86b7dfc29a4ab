"""`dataflow profile`: which stage of this pipeline takes the time?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from dataflow_core.cli.measure import measure
from dataflow_core.cli.stage_times import Cost, Costs, stage_costs
from dataflow_core.cli.table import show
from dataflow_core.cli.target import load_flow
from dataflow_core.flow import DataFlow, PointwiseFlow
from dataflow_core.flow.explain import Row, tree
from dataflow_core.parallel import ParallelData

_HEADINGS = ("stage", "runs in", "µs each", "share", "datapoints")

#: Seconds; instead of none.
_NOTHING = 1e-12


@dataclass
class Crew:
    """Who runs some of the stages: the workers of one parallel stage, or the loop itself.

    Attributes:
        name: for people.
        workers: how many there are.
        is_loop: whether it is the loop.
        stages: which run there, with what they cost.
    """

    name: str
    workers: int = 1
    is_loop: bool = False
    stages: list[tuple[DataFlow, Cost]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """What its stages cost, shared among the workers."""
        return sum(cost.seconds for _, cost in self.stages) / self.workers

    def largest(self) -> tuple[DataFlow, float]:
        """Return the stage that takes most, and its share of the crew's work."""
        stage, cost = max(self.stages, key=lambda each: each[1].seconds)
        return stage, cost.seconds / max(self.seconds * self.workers, _NOTHING)


def profile(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ATTRIBUTE",
            help="A flow, or a function that returns one; path/to/file.py:ATTRIBUTE works too.",
        ),
    ],
    seconds: Annotated[
        float, typer.Option(min=0.01, help="How long to run it, each of two times.")
    ] = 5.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Seeds the flow.")] = None,
) -> None:
    """Tell what each stage of a pipeline costs, and which one holds it up.

    First the pipeline is run in this process alone, a clock at every stage. Then it is run as it
    is, workers and all, to see how near it comes to what its slowest part allows.
    """
    with load_flow(target) as flow:
        costs = stage_costs(flow, seconds, seed)
        rows = tree(flow)
        show(lambda _: _table(rows, costs))
        crews = crews_of(rows, costs)
        slowest = max(crews, key=lambda crew: crew.seconds)
        possible = costs.datapoints / max(slowest.seconds, _NOTHING)
        size = max(1, int(possible * seconds))
        speed = measure(flow, size=size, warmup=size // 10, seed=seed, progress=False)
    stage, share = slowest.largest()
    typer.echo(f"\none stage after the other: {costs.datapoints / costs.seconds:,.1f} datapoints/s")
    typer.secho(f"as it is: {speed.datapoints_per_s:,.1f} datapoints/s", bold=True)
    typer.echo(
        f"the bottleneck: {slowest.name}, good for {possible:,.1f} datapoints/s; {share:.0%} of"
        f" that work is {stage._label()}"
    )
    if slowest.is_loop and isinstance(stage, PointwiseFlow):
        typer.echo("It works on datapoints one by one: .parallel() after it has workers do that.")


def crews_of(rows: Sequence[Row], costs: Costs) -> list[Crew]:
    """Return who runs what, the loop itself first.

    Args:
        rows: the pipeline.
        costs: of its stages.
    """
    loop = Crew("the loop itself, outside of workers", is_loop=True)
    crews = [loop]
    placed: dict[int, Crew] = {}
    # A stage that several others read is there more than once.
    for flow in {id(row.flow): row.flow for row in rows}.values():
        if isinstance(flow, ParallelData):
            part = flow._plan().part
            alone = part is None or part.stream is not None
            workers = 1 if alone else flow.num_workers
            plural = "s" if workers > 1 else ""
            crew = Crew(f"{workers} worker{plural} of the {flow.backend.name} backend", workers)
            crews.append(crew)
            placement = flow._placement()
            placed.update((stage, crew) for stage in placement if placement[stage] == "workers")
        cost = costs.by_stage.get(id(flow))
        if cost is not None:
            placed.get(id(flow), loop).stages.append((flow, cost))
    return [crew for crew in crews if crew.stages]


def _table(rows: Sequence[Row], costs: Costs) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(_HEADINGS):
        # Where it is narrow, texts are wrapped: figures that are cut off tell nothing.
        is_text = number < 2
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text)
    total = max(sum(cost.seconds for cost in costs.by_stage.values()), _NOTHING)
    for row in rows:
        cost = costs.by_stage.get(id(row.flow))
        figures = ("", "", "")
        if cost is not None:
            each = f"{cost.seconds / cost.datapoints * 1e6:,.1f}" if cost.datapoints else ""
            figures = (each, f"{cost.seconds / total:.0%}", f"{cost.datapoints:,}")
        table.add_row(row.text, row.place or "", *figures)
    return table
