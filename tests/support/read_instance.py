"""Prints what Dagster's instance (DAGSTER_HOME) holds of each run, oldest first, as JSON: its status, and its events in the words of the embedded engine."""

import json
import re

import dagster as dg


def wire_type(value):
    """`UrlMetadataValue` is `url`."""
    name = re.sub(r"MetadataValue$", "", type(value).__name__)
    return {"Markdown": "md", "DagsterAsset": "asset"}.get(name) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def raw_value(value):
    if isinstance(value, dg.TableMetadataValue):
        return {"records": [record.data for record in value.records], "schema": columns(value.schema)}
    if isinstance(value, dg.TableSchemaMetadataValue):
        return {"columns": columns(value.schema)}
    raw = value.value
    return raw.to_user_string() if isinstance(raw, dg.AssetKey) else raw


def columns(schema):
    """Columns as Pipes carries them, which says constraints and tags only where there are some."""
    found = []
    for column in schema.columns:
        default = dg.TableColumnConstraints()
        names = ("nullable", "unique", "other")
        values = [(name, getattr(column.constraints, name)) for name in names]
        values = {name: value for name, value in values if value != getattr(default, name)}
        extras = {"constraints": values, "tags": column.tags}
        named = {"name": column.name, "type": column.type, "description": column.description}
        found.append(named | {name: value for name, value in extras.items() if value})
    return found


def wire_metadata(metadata):
    return {key: {"type": wire_type(value), "raw_value": raw_value(value)} for key, value in metadata.items()}


def chain(error):
    return None if error is None else {"name": error.cls_name, "message": error.message, "cause": chain(error.cause)}


def events(entry):
    event = entry.dagster_event
    step = entry.step_key
    if event is None:
        yield {"type": "LOG", "step": step, "level": entry.level, "message": entry.user_message}
    elif entry.asset_materialization is not None:
        yield asset_event("ASSET_MATERIALIZATION", step, entry.asset_materialization)
    elif entry.asset_observation is not None:
        yield asset_event("ASSET_OBSERVATION", step, entry.asset_observation)
    elif event.event_type_value == "ASSET_CHECK_EVALUATION":
        found = event.asset_check_evaluation_data
        yield {
            "type": "ASSET_CHECK_EVALUATION",
            "step": step,
            "asset": found.asset_key.to_user_string(),
            "check": found.check_name,
            "passed": found.passed,
            "severity": found.severity.value,
            "blocking": found.blocking,
            "description": found.description,
            "metadata": wire_metadata(found.metadata),
        }
    elif event.is_step_failure:
        values = event.step_failure_data.user_failure_data
        metadata = wire_metadata(values.metadata) if values else {}
        yield {"type": "STEP_FAILURE", "step": step, "error": chain(event.step_failure_data.error), "metadata": metadata}
    elif event.event_type_value in ("STEP_START", "STEP_SUCCESS", "STEP_SKIPPED", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"):
        yield {"type": event.event_type_value, "step": step}


def constants(tags):
    """The observation fields that the page of an asset leaves out, since nearly all events have the same."""
    fields = (("event_type", "text", str), ("status", "text", str), ("retry_count", "int", int))
    return {
        name: {"type": kind, "raw_value": convert(tags[f"dagma/{name}"])}
        for name, kind, convert in fields
        if f"dagma/{name}" in tags
    }


def asset_event(kind, step, found):
    tags = found.tags or {}
    return {
        "type": kind,
        "step": step,
        "asset": found.asset_key.to_user_string(),
        "partition": found.partition,
        "dataVersion": tags.get("dagster/data_version"),
        "metadata": {**wire_metadata(found.metadata), **constants(tags)},
    }


with dg.DagsterInstance.get() as instance:
    runs = [
        {
            "run_id": run.run_id,
            "job_name": run.job_name,
            "status": run.status.value,
            "tags": dict(run.tags),
            "events": [made for entry in instance.all_logs(run.run_id) for made in events(entry)],
        }
        for run in reversed(instance.get_runs())
    ]
print(json.dumps(runs))
