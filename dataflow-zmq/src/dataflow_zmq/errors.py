"""What goes wrong between a sender and its receivers.

    DataFlowError
    └── RemoteError
        ├── RemoteLostError
        ├── RemoteRefusedError      also ValueError
        └── RemotePipelineError     .error_type .remote_traceback

Facts are attributes with defaults, so that every error survives the trip between processes.
"""

from __future__ import annotations

from dataflow_core import DataFlowError


class RemoteError(DataFlowError):
    """Something went wrong between a sender and its receivers."""


class RemoteLostError(RemoteError):
    """Datapoints were lost, or would come twice; going on would have hidden it."""


class RemoteRefusedError(RemoteError, ValueError):
    """An address, a key, a state or the other side's version cannot be accepted."""


class RemotePipelineError(RemoteError):
    """The sender's pipeline raised; every datapoint before that was delivered.

    What was raised travels as text. Nothing of it is unpickled.

    Attributes:
        error_type: the name of the class that was raised there, with its module.
        remote_traceback: the traceback as the sender's Python printed it.
    """

    def __init__(self, message: str, *, error_type: str = "", remote_traceback: str = "") -> None:
        super().__init__(message)
        self.error_type = error_type
        self.remote_traceback = remote_traceback
