"""Each step of a manifest as Dagster's assets, observed assets or check; each runs in the run's Node worker."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import dagster as dg

from dagma.defs._compat import equip_observation
from dagma.defs.automation import condition_of
from dagma.defs.config import config_fields, describe
from dagma.defs.partitions import mapping_of, partitions_of
from dagma.manifest.types import Asset, BackfillPolicy, Check, RetryPolicy, Step
from dagma.metadata import metadata_from_wire
from dagma.project import Project
from dagma.worker.session import run_step

Results: TypeAlias = Iterator[Any]
"""The results that a body yields to Dagster. Named, since an annotation is evaluated again for each body."""


def build_step(project: Project, step: Step, worker_key: str, worker: dg.ResourceDefinition) -> dg.AssetsDefinition:
    """The Dagster definition of a step's assets; executing it runs the step in the run's Node worker."""
    resources = {worker_key: worker}
    specs = [asset_spec(project, asset) for asset in step.assets]
    if step.kind == "check":
        return _check(step, resources, worker_key)
    if step.kind == "observe":
        observe = dg.multi_observable_source_asset(name=step.name, specs=specs, resource_defs=resources)
        observed: dg.AssetsDefinition = observe(_body(step, worker_key))
        equip_observation(observed, step, retry_policy_of(step.retry_policy), _fields(step))
        return observed
    return dg.multi_asset(
        name=step.name,
        specs=specs,
        check_specs=[_check_spec(declared) for declared in step.checks],
        can_subset=step.can_subset,
        resource_defs=resources,
        retry_policy=retry_policy_of(step.retry_policy),
        pool=step.pool,
        op_tags=dict(step.op_tags),
        config_schema=_fields(step),
        backfill_policy=_backfill_policy(step.backfill_policy),
    )(_body(step, worker_key))


def _backfill_policy(policy: BackfillPolicy | None) -> dg.BackfillPolicy | None:
    if policy is None:
        return None
    most = policy.max_partitions_per_run
    return dg.BackfillPolicy.single_run() if most is None else dg.BackfillPolicy.multi_run(most)


def asset_spec(project: Project, asset: Asset) -> dg.AssetSpec:
    """An asset as Dagster declares it."""
    metadata: dict[str, Any] = dict(metadata_from_wire(asset.metadata))
    if asset.source is not None:
        place = dg.LocalFileCodeReference(
            file_path=str(project.root / asset.source.file), line_number=asset.source.line
        )
        metadata["dagster/code_references"] = dg.CodeReferencesMetadataValue(code_references=[place])
    return dg.AssetSpec(
        key=dg.AssetKey(asset.key),
        group_name=asset.group,
        description=asset.description,
        owners=list(asset.owners),
        tags=dict(asset.tags),
        kinds=set(asset.kinds),
        code_version=asset.code_version,
        deps=[dg.AssetDep(dg.AssetKey(dep.key), partition_mapping=mapping_of(dep.mapping)) for dep in asset.deps],
        partitions_def=partitions_of(asset.partitions),
        automation_condition=condition_of(asset.automation),
        metadata=metadata,
    )


def _check(step: Step, resources: dict[str, dg.ResourceDefinition], worker_key: str) -> dg.AssetChecksDefinition:
    # One check, but by the decorator for several: a body of that may report its result and then fail.
    return dg.multi_asset_check(
        name=step.name,
        specs=[_check_spec(declared) for declared in step.checks],
        resource_defs=resources,
        retry_policy=retry_policy_of(step.retry_policy),
        pool=step.pool,
        op_tags=dict(step.op_tags),
        config_schema=_fields(step),
    )(_body(step, worker_key, dg.AssetCheckExecutionContext))


def _check_spec(declared: Check) -> dg.AssetCheckSpec:
    # Dagster 1.11 looks up its own `check` among the caller's variables: none here may be called so.
    key = dg.AssetKey(declared.asset)
    return dg.AssetCheckSpec(declared.name, asset=key, description=declared.description, blocking=declared.blocking)


def retry_policy_of(retry: RetryPolicy | None) -> dg.RetryPolicy | None:
    """A step's retry policy as Dagster's."""
    if retry is None:
        return None
    backoff = {"constant": None, "linear": dg.Backoff.LINEAR, "exponential": dg.Backoff.EXPONENTIAL}[retry.backoff]
    jitter = {"none": None, "full": dg.Jitter.FULL, "plus_minus": dg.Jitter.PLUS_MINUS}[retry.jitter]
    return dg.RetryPolicy(max_retries=retry.max_retries, delay=retry.delay_seconds, backoff=backoff, jitter=jitter)


def _fields(step: Step) -> dict[str, dg.Field] | None:
    return None if step.config_schema is None else config_fields(step.config_schema)


def _without_declarations(step: Step) -> Step:
    """The part of a step that its body uses: Dagster has the rest, which need not stay in memory twice."""
    return replace(step, assets=(), checks=())


def _taking(context: type) -> inspect.Signature:
    """The signature of a body. Dagster asks each body a dozen times: telling it once is a third of the time."""
    return inspect.Signature(
        [inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=context)]
    )


_SIGNATURES: dict[type, inspect.Signature] = {
    context: _taking(context) for context in (dg.AssetExecutionContext, dg.AssetCheckExecutionContext)
}


def _body(step: Step, worker_key: str, takes: type = dg.AssetExecutionContext) -> Callable[..., Results]:
    kept = _without_declarations(step)

    def run_in_node(context: Any) -> Results:
        yield from run_step(context, getattr(context.resources, worker_key), kept)

    if step.config_schema is None or _fields(step) is not None:
        run_in_node.__signature__ = _SIGNATURES[takes]  # type: ignore[attr-defined]
        return run_in_node

    def run_in_node_with_config(context: Any, config: dg.Config) -> Results:  # noqa: ARG001
        yield from run_in_node(context)

    permissive = type("StepConfig", (dg.PermissiveConfig,), {"__doc__": describe(step.config_schema)})
    run_in_node_with_config.__annotations__.update(context=takes, config=permissive)
    return run_in_node_with_config
