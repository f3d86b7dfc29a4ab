"""What happens to a datapoint that a stage fails on."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, TypeAlias

from dataflow_core import hooks
from dataflow_core.hooks import Opinion

#: However often somebody answers "retry", a datapoint is not tried more often.
MAX_TRIES = 100


@dataclass(frozen=True)
class Retry:
    """Run the stages again on a datapoint that failed; its random numbers are the same again.

    Args:
        times: how often, at least 1.
        backoff_s: seconds to wait before the first retry; doubled before each further one.
        then: what to do when all were in vain: "raise" or "skip".

    Raises:
        TypeError: if a number is none.
        ValueError: if a number is out of range, or `then` is neither.
    """

    times: int = 3
    backoff_s: float = 0.0
    then: Literal["raise", "skip"] = "raise"

    def __post_init__(self) -> None:
        if not isinstance(self.times, Integral) or not isinstance(self.backoff_s, Real):
            raise TypeError(f"Retry takes an integer and a number of seconds, got {self}")
        if self.times < 1 or not 0 <= self.backoff_s < math.inf:
            raise ValueError(f"Retry takes times >= 1 and backoff_s >= 0, got {self}")
        if self.then not in ("raise", "skip"):
            raise ValueError(f'then of Retry is "raise" or "skip", got {self.then!r}')


#: Called with (error, stage, position) in the worker; answers "raise", "skip" or "retry".
Decide: TypeAlias = Callable[[Exception, str, int], Opinion]

OnError: TypeAlias = Literal["raise", "skip"] | Retry | Decide


def checked_on_error(on_error: OnError, stage: str) -> OnError:
    """Return `on_error`, or raise a ValueError that says what it may be."""
    if on_error in ("raise", "skip") or isinstance(on_error, Retry) or callable(on_error):
        return on_error
    raise ValueError(
        f'on_error of {stage} is "raise", "skip", a Retry, or a function of (error, stage,'
        f" position), not {on_error!r}"
    )


def decide(on_error: OnError, error: Exception, stage: str, position: int, tries: int) -> Opinion:
    """Return what to do about an error; plugins that listen to it are asked first.

    Args:
        on_error: the flow's policy.
        error: what was raised.
        stage: by which stage.
        position: the datapoint's.
        tries: how often the datapoint has been tried by now.
    """
    opinion = hooks.datapoint_failed(stage=stage, position=position, error=error)
    if opinion is None:
        opinion = _own_opinion(on_error, error, stage, position, tries)
    return "raise" if opinion == "retry" and tries >= MAX_TRIES else opinion


def _own_opinion(
    on_error: OnError, error: Exception, stage: str, position: int, tries: int
) -> Opinion:
    if isinstance(on_error, Retry):
        return "retry" if tries <= on_error.times and tries < MAX_TRIES else on_error.then
    if isinstance(on_error, str):
        return on_error
    answer = on_error(error, stage, position)
    if answer not in ("raise", "skip", "retry"):
        raise ValueError(
            f'on_error answered {answer!r}; it should answer "raise", "skip" or "retry"'
        ) from error
    return answer


def wait_before_retry(on_error: OnError, tries: int) -> None:
    """Wait as long as the policy says before try number `tries` + 1."""
    if isinstance(on_error, Retry) and on_error.backoff_s:
        threading.Event().wait(on_error.backoff_s * 2 ** (tries - 1))
