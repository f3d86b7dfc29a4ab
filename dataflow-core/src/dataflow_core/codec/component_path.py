"""Where in a datapoint an object is, in the words a user would index it with."""

from __future__ import annotations

from reprlib import repr as short_repr


def component_path(datapoint: object, culprit: object) -> str:
    """The subscripts that lead from `datapoint` to `culprit`, the first time it occurs.

    Depth first, so a caller who came across `culprit` in that order terminates here too, even if
    some container behind it contains itself.

    >>> stray = {1, 2}
    >>> component_path([0, {"boxes": [stray]}], stray)
    "component [1]['boxes'][0]"
    """
    waiting: list[tuple[object, str]] = [(datapoint, "")]
    while waiting:
        value, path = waiting.pop()
        if value is culprit:
            return f"component {path}" if path else "the datapoint itself"
        children: list[tuple[object, str]] = []
        if type(value) is dict:
            for key, item in value.items():
                subscript = f"{path}[{short_repr(key)}]"
                children += [(key, f"{subscript} (its key)"), (item, subscript)]
        elif type(value) is list or type(value) is tuple:
            children += [(item, f"{path}[{index}]") for index, item in enumerate(value)]
        waiting += reversed(children)
    return "a component"
