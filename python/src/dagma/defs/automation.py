"""Automation conditions: the manifest's tree of operations as Dagster's own conditions."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.errors import UnknownFormError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Condition = dg.AutomationCondition[Any]


def condition_of(declared: Mapping[str, Any] | None) -> Condition | None:
    """Dagster's condition, or None where none was declared."""
    return None if declared is None else _condition(declared)


def _condition(node: Mapping[str, Any]) -> Condition:
    name = node["op"]
    args = [_condition(arg) if isinstance(arg, dict) else arg for arg in node["args"]]
    if name in _JOINING:
        return _JOINING[name](*args)
    if name in _MADE_BY_NAME:
        made: Condition = getattr(dg.AutomationCondition, name)(*args)
        return made
    msg = "automation condition"
    raise UnknownFormError(msg, name)


def _in_latest_time_window(days: float | None = None) -> Condition:
    lookback = None if days is None else datetime.timedelta(days=days)
    return dg.AutomationCondition.in_latest_time_window(lookback)


_JOINING: Mapping[str, Callable[..., Condition]] = {
    "and": lambda one, other: one & other,
    "or": lambda one, other: one | other,
    "not": lambda one: ~one,
    "since": lambda one, reset: one.since(reset),
    "newly_true": lambda one: one.newly_true(),
    "any_deps_match": dg.AutomationCondition.any_deps_match,
    "all_deps_match": dg.AutomationCondition.all_deps_match,
    "in_latest_time_window": _in_latest_time_window,
}

_MADE_BY_NAME = frozenset(
    {
        "eager",
        "on_cron",
        "on_missing",
        "missing",
        "in_progress",
        "execution_failed",
        "newly_updated",
        "newly_requested",
        "code_version_changed",
        "cron_tick_passed",
        "will_be_requested",
        "initial_evaluation",
        "any_deps_missing",
        "any_deps_in_progress",
        "any_deps_updated",
        "all_deps_updated_since_cron",
    }
)
