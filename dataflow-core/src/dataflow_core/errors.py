"""Every error DataFlow raises, in one tree.

    DataFlowError
    ├── UnknownLengthError            also TypeError and NotImplementedError
    ├── ReentrantIterationError
    ├── EmptyDataFlowError
    ├── BatchError                    also ValueError
    ├── ComponentError                also TypeError
    ├── NoRandomStreamError
    ├── StateError
    │   ├── FingerprintMismatchError  .differences
    │   └── NotResumableError
    ├── CacheLimitError               also MemoryError
    ├── CodecError                    also ValueError
    ├── PluginError
    │   ├── UnknownPluginError        .kind .name .near; also LookupError
    │   ├── AmbiguousPluginError      .kind .name .distributions; also LookupError
    │   └── BrokenPluginError         .distribution; also ImportError
    ├── TargetError                   also ValueError
    └── ParallelError
        ├── NotPicklableError         .stage .attribute; also TypeError
        ├── TooManyErrorsError        .skipped
        ├── WorkerError               .traceback_text
        └── WorkerDiedError           .positions

Facts are attributes with defaults, so that every error survives the trip between processes.
"""

from __future__ import annotations

from collections.abc import Sequence


class DataFlowError(Exception):
    """The root of every error that DataFlow itself raises."""


class UnknownLengthError(DataFlowError, TypeError, NotImplementedError):
    """The flow cannot know how many datapoints an epoch has.

    A `TypeError`, so that `list(df)` takes it for "no hint" and goes on; a
    `NotImplementedError`, because that is what older DataFlows raised.
    """


class ReentrantIterationError(DataFlowError):
    """A second iterator was asked of a flow whose first is still running."""


class EmptyDataFlowError(DataFlowError):
    """An upstream without datapoints was asked to repeat itself, which would never end."""


class BatchError(DataFlowError, ValueError):
    """Datapoints cannot be put into one batch: the message lists their shapes by position."""


class ComponentError(DataFlowError, TypeError):
    """A datapoint does not have the component, or the container, that a stage needs."""


class NoRandomStreamError(DataFlowError):
    """`rng()` was called where no datapoint is at hand."""


class StateError(DataFlowError):
    """A state cannot be taken or loaded."""


class FingerprintMismatchError(StateError):
    """The state belongs to another pipeline.

    Attributes:
        differences: the lines in which the two pipelines differ, as a unified diff.
    """

    def __init__(self, message: str, differences: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.differences = tuple(differences)


class NotResumableError(StateError):
    """The pipeline reads from a source that cannot repeat itself."""


class CacheLimitError(DataFlowError, MemoryError):
    """A cache would have grown past its `limit_bytes`."""


class CodecError(DataFlowError, ValueError):
    """Bytes are not a datapoint, or a datapoint holds what the codec does not know."""


class PluginError(DataFlowError):
    """Something is wrong with a name or a plugin of the registry."""


class UnknownPluginError(PluginError, LookupError):
    """No installed distribution offers the name.

    Attributes:
        kind: the kind that was asked for, or None for any.
        name: the name that was asked for.
        near: installed names that are spelled alike.
    """

    def __init__(
        self, message: str, *, kind: str | None = None, name: str = "", near: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        self.near = tuple(near)


class AmbiguousPluginError(PluginError, LookupError):
    """Several kinds or several distributions offer the name.

    Attributes:
        kind: the kind that was asked for, or None for any.
        name: the name that was asked for.
        distributions: who offers it.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        name: str = "",
        distributions: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        self.distributions = tuple(distributions)


class BrokenPluginError(PluginError, ImportError):
    """A plugin could not be imported; the import's own error is the `__cause__`.

    Attributes:
        distribution: whose plugin it is.
    """

    def __init__(self, message: str, *, distribution: str = "") -> None:
        super().__init__(message)
        self.distribution = distribution


class BrokenPluginWarning(UserWarning):
    """A plugin was left out because it cannot be used; the message gives the cause.

    Attributes:
        distribution: whose plugin it is.
    """

    def __init__(self, message: str, *, distribution: str = "") -> None:
        super().__init__(message)
        self.distribution = distribution


class TargetError(DataFlowError, ValueError):
    """What the command line was told, MODULE:ATTRIBUTE, leads to nothing of the right kind."""


class ParallelError(DataFlowError):
    """Something went wrong between a flow and its workers."""


class NotPicklableError(ParallelError, TypeError):
    """A part of the pipeline cannot travel to a worker process.

    Attributes:
        stage: the stage that holds it.
        attribute: the attribute that cannot be pickled.
    """

    def __init__(self, message: str, *, stage: str = "", attribute: str = "") -> None:
        super().__init__(message)
        self.stage = stage
        self.attribute = attribute


class TooManyErrorsError(ParallelError):
    """More datapoints were skipped than `max_errors` allows.

    Attributes:
        skipped: how many.
    """

    def __init__(self, message: str, *, skipped: int = 0) -> None:
        super().__init__(message)
        self.skipped = skipped


class WorkerError(ParallelError):
    """A worker raised an exception that could not be sent over as itself.

    Attributes:
        traceback_text: the worker's formatted traceback.
    """

    def __init__(self, message: str, *, traceback_text: str = "") -> None:
        super().__init__(message)
        self.traceback_text = traceback_text


class WorkerDiedError(ParallelError):
    """A worker died, and its task could not be run again.

    Attributes:
        positions: positions of the datapoints it was working on.
    """

    def __init__(self, message: str, *, positions: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.positions = tuple(positions)
