"""Each step of a manifest as one Dagster `multi_asset`."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from dagma.manifest import Asset, Step
from dagma.metadata import metadata_from_wire
from dagma.pipes import run_step
from dagma.project import Project

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def build_step(project: Project, step: Step, worker_key: str, worker: dg.ResourceDefinition) -> dg.AssetsDefinition:
    """The step's assets; running them runs the step in the run's Node worker."""
    return dg.multi_asset(
        name=step.name,
        specs=[_spec(project, asset) for asset in step.assets],
        resource_defs={worker_key: worker},
    )(_body(step, worker_key))


def _spec(project: Project, asset: Asset) -> dg.AssetSpec:
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
        deps=[dg.AssetKey(key) for key in asset.deps],
        kinds=set(asset.kinds),
        metadata=metadata,
    )


def _body(step: Step, worker_key: str) -> Callable[..., Results]:
    def run_in_node(context: dg.AssetExecutionContext) -> Results:
        yield from run_step(context, getattr(context.resources, worker_key), step)

    if step.config_schema is None:
        return run_in_node

    def run_in_node_with_config(context: dg.AssetExecutionContext, config: dg.Config) -> Results:  # noqa: ARG001
        yield from run_in_node(context)

    run_in_node_with_config.__annotations__["config"] = _config_class(step.config_schema)
    return run_in_node_with_config


def _config_class(config_schema: Any) -> type[dg.Config]:
    """Config that takes any mapping: TypeScript validates it, its JSON Schema stands in the field's description."""
    schema = json.dumps(config_schema, indent=2, ensure_ascii=False)
    text = f"JSON Schema:\n\n```json\n{schema}\n```"
    return type("StepConfig", (dg.PermissiveConfig,), {"__doc__": text, "__module__": __name__})
