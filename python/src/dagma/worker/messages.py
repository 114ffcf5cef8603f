"""The messages of a Node worker, read: one JSON object a line (protocol/worker.schema.json)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_LEVELS = 200
"""How deeply a message may be nested: Dagster stores metadata by recursion, and gives up at about 500 levels."""

_STEP_OF_LINE = re.compile(
    rb'^\s*\{\s*"type"\s*:\s*"(?:pipes|partition|items|list_dynamic_partitions|find_materializations)"'
    rb'\s*,\s*"step"\s*:\s*"([^"\\]{1,40})"'
)
"""The step of a message that cannot be read as a whole; the worker writes `type` and `step` first."""


def step_of(line: bytes) -> str | None:
    """The step of a message that cannot be read as a whole, if that much of it can."""
    named = _STEP_OF_LINE.match(line)
    return None if named is None else named[1].decode(errors="replace")


def read_message(line: bytes) -> Mapping[str, Any]:
    """A line as a message of the protocol; an error of any class when it is none."""
    message = json.loads(line)
    if not isinstance(message, dict):
        problem = "a message is not an object"
        raise TypeError(problem)
    if line.count(b"[") + line.count(b"{") > _MOST_LEVELS and _is_deeper(message, _MOST_LEVELS):
        problem = f"a message is nested more than {_MOST_LEVELS} levels deep"
        raise ValueError(problem)
    kind = message.get("type")
    if kind == "pipes":
        _expect(message, step=str, message=dict)
        _expect(message["message"], method=str, params=(dict, type(None)))
    elif kind == "partition":
        _expect(message, step=str, partition_key=str, failed=bool, dynamic_partitions=list, results=list)
    elif kind == "items":
        _expect(message, step=str, name=str, done=int, failed=int, all=int, partition_key=(str, type(None)))
    elif kind == "list_dynamic_partitions":
        _expect(message, step=str, request=int, partitions=str)
    elif kind == "find_materializations":
        _expect(message, step=str, request=int, asset_key=str, partition_keys=list)
    elif kind == "run_ended":
        _expect(message, retire=(str, type(None)))
    elif kind == "ready":
        _expect(message, protocol_version=int, digests=dict, imported_json=list)
        _expect(message["digests"], manifest=str, modules=str, lock_file=(str, type(None)))
    else:
        problem = f"unknown message type {str(kind)[:80]!r}"
        raise ValueError(problem)
    return message


def _expect(message: Mapping[str, Any], /, **types: type | tuple[type, ...]) -> None:
    for name, expected in types.items():
        if not isinstance(message.get(name), expected):
            problem = f'the field "{name}" of a message has the type {type(message.get(name)).__name__}'
            raise TypeError(problem)


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether data is nested more deeply; without recursion, which has its own limit."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            member
            for one in layer
            for member in (one.values() if isinstance(one, dict) else one)
            if isinstance(member, (dict, list))
        ]
        if not layer:
            return False
    return True
