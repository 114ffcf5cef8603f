"""The private APIs of Dagster that definitions use, each with its reason."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import dagster as dg

# The decorator of observations has no arguments for a retry policy, a pool, config and tags.
from dagster._core.definitions.definition_config_schema import convert_user_facing_definition_config_schema

# How Dagster writes the values of op tags.
from dagster._utils.tags import normalize_tags

from dagma.defs.celery_steps import WatchedSubmission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from dagma.manifest.types import Step


def equip_observation(observed: dg.AssetsDefinition, step: Step, policy: Any, config: Any) -> None:
    """Gives an observation what every other step has: its decorator has no arguments for these."""
    op: Any = observed.op
    op._retry_policy, op._pool = policy, step.pool  # noqa: SLF001
    op._tags = {**op._tags, **normalize_tags(step.op_tags)}  # noqa: SLF001
    if config is not None:
        op._config_schema = convert_user_facing_definition_config_schema(config)  # noqa: SLF001


def executor_copy(
    found: dg.ExecutorDefinition, create: Callable[[dg.InitExecutorContext], dg.Executor], schema: Any = None
) -> dg.ExecutorDefinition:
    """The executor with another function that creates it, and another schema of its config if one is given."""
    any_schema: Any = schema or found.config_schema
    return dg.ExecutorDefinition(
        name=found.name,
        config_schema=any_schema,
        requirements=found.get_requirements,
        executor_creation_fn=create,
        description=found.description,
    )


def executor_with_defaults(found: dg.ExecutorDefinition, defaults: Mapping[str, Any]) -> dg.ExecutorDefinition:
    """The executor with these defaults of its config, which stay visible and can be replaced, field by field."""
    if found.executor_creation_fn is None:
        return found
    config_type = getattr(found.config_schema, "config_type", None)
    fields: Mapping[str, Any] = getattr(config_type, "fields", None) or {}
    open_ended = not isinstance(config_type, dg.Shape)
    unknown = [] if open_ended else [name for name in defaults if name not in fields]
    if unknown:
        message = f'It has no field "{unknown[0]}"; it has {", ".join(sorted(fields))}.'
        raise dg.DagsterInvalidDefinitionError(message)
    changed = {name: _field_with_default(fields.get(name), value) for name, value in defaults.items()}
    shape = {**fields, **changed}
    schema = (dg.Permissive if open_ended else dg.Shape)(shape)
    return executor_copy(found, found.executor_creation_fn, dg.Field(schema, description=found.description))


def _field_with_default(field: Any, value: Any) -> dg.Field:
    if field is None:
        return dg.Field(dg.Any, default_value=value, is_required=False)
    return dg.Field(field.config_type, default_value=value, is_required=False, description=field.description)


def executing_within(
    executor: dg.Executor, around: Callable[[dg.DagsterInstance, str, Any], AbstractContextManager[None]]
) -> dg.Executor:
    """Makes the executor run its plan within `around`, which is given the instance, the run's id and the plan."""
    execute = executor.execute

    def execute_within(plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        with around(plan_context.instance, plan_context.run_id, execution_plan):
            yield from execute(plan_context, execution_plan)

    executor.execute = execute_within  # type: ignore[method-assign]
    return executor


def add_op_tags(execution_plan: Any, op_tags: Mapping[str, Any]) -> None:
    """Adds these op tags to the steps of a plan, where they have none of that name.

    Dagster has op tags of ops only; executors read them from the steps of the plan that they are given.
    """
    tags = normalize_tags(op_tags)
    for steps in (execution_plan.step_dict, execution_plan.step_dict_by_key):
        for key, step in steps.items():
            steps[key] = step._replace(tags={**tags, **step.tags})


def watch_celery(executor: dg.Executor) -> dg.Executor:
    """Makes dagster-celery's executor fail the steps of workers that are gone; leaves any other as it is."""
    celery: Any = sys.modules.get("dagster_celery.executor")  # whoever has such an executor has loaded it
    if celery is None or type(executor) is not celery.CeleryExecutor:
        return executor
    from dagster_celery.core_execution_loop import core_celery_execution_loop  # noqa: PLC0415  # not always installed

    def execute_watched(plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        submission = WatchedSubmission(celery._submit_task)  # noqa: SLF001  # the loop has no name for it
        try:
            yield from core_celery_execution_loop(plan_context, execution_plan, step_execution_fn=submission)
        finally:
            submission.stop()

    executor.execute = execute_watched  # type: ignore[method-assign]
    return executor
