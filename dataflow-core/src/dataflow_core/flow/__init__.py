"""What a pipeline is: the protocol, its positions and states."""

from __future__ import annotations

from dataflow_core.flow.chain_run import Call
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import (
    DROP,
    Component,
    Datapoint,
    Index,
    component,
    with_component,
)
from dataflow_core.flow.describe import identify
from dataflow_core.flow.indexed import IndexedDataFlow
from dataflow_core.flow.left_work import stage_before
from dataflow_core.flow.position import position_at_hand
from dataflow_core.flow.proxy import PointwiseFlow, ProxyDataFlow
from dataflow_core.flow.random_flow import RNGDataFlow
from dataflow_core.flow.run import Place, Run, Scope

__all__ = [
    "DROP",
    "Call",
    "Component",
    "DataFlow",
    "Datapoint",
    "Index",
    "IndexedDataFlow",
    "Place",
    "PointwiseFlow",
    "ProxyDataFlow",
    "RNGDataFlow",
    "Run",
    "Scope",
    "checked_count",
    "component",
    "identify",
    "position_at_hand",
    "stage_before",
    "with_component",
]
