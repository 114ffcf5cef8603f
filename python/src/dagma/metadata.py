"""Metadata values as Dagster's, by their declared type: a `url` stays a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def metadata_from_wire(metadata: Mapping[str, Mapping[str, Any]]) -> dict[str, dg.MetadataValue[Any]]:
    """Metadata values in the form in which Pipes carries them, as Dagster's own."""
    return {name: _CONVERT[value["type"]](value["raw_value"]) for name, value in metadata.items()}


_CONSTANTS = {"event_type": ("materialization", "observation"), "status": ("success",), "retry_count": ("0",)}
"""Observation fields whose value is nearly always the same, and says no more than that there is an event."""


def without_constants(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The metadata of an event for its asset's page, and the constants among it as tags of the event, for programs."""
    constants = {key: str(getattr(metadata[key], "value", "")) for key in _CONSTANTS if key in metadata}
    constants = {key: value for key, value in constants.items() if value in _CONSTANTS[key]}
    shown = {key: value for key, value in metadata.items() if key not in constants}
    return shown, {f"dagma/{key}": value for key, value in constants.items()}


def _column(column: Mapping[str, Any]) -> dg.TableColumn:
    constraints = column.get("constraints")
    return dg.TableColumn(
        name=column["name"],
        type=column["type"],
        description=column.get("description"),
        tags=column.get("tags"),
        constraints=dg.TableColumnConstraints(**constraints) if constraints else None,
    )


def _schema(columns: list[Mapping[str, Any]]) -> dg.TableSchema:
    return dg.TableSchema(columns=[_column(column) for column in columns])


def _table(value: Mapping[str, Any]) -> dg.MetadataValue[Any]:
    records = [dg.TableRecord(record) for record in value["records"]]
    return dg.MetadataValue.table(records=records, schema=_schema(value["schema"]))


def _lineage(value: Mapping[str, Any]) -> dg.MetadataValue[Any]:
    deps = {column: [dg.TableColumnDep(**dep) for dep in found] for column, found in value["deps_by_column"].items()}
    return dg.MetadataValue.column_lineage(dg.TableColumnLineage(deps_by_column=deps))


_CONVERT: Mapping[str, Callable[[Any], dg.MetadataValue[Any]]] = {
    "text": dg.MetadataValue.text,
    "md": dg.MetadataValue.md,
    "json": dg.MetadataValue.json,
    "url": dg.MetadataValue.url,
    "path": dg.MetadataValue.path,
    "notebook": dg.MetadataValue.notebook,
    "int": dg.MetadataValue.int,
    "float": lambda value: dg.MetadataValue.float(float(value)),
    "bool": dg.MetadataValue.bool,
    "timestamp": lambda value: dg.MetadataValue.timestamp(float(value)),
    "null": lambda _: dg.MetadataValue.null(),
    "asset": lambda value: dg.MetadataValue.asset(dg.AssetKey.from_user_string(value)),
    "dagster_run": dg.MetadataValue.dagster_run,
    "table": _table,
    "table_schema": lambda value: dg.MetadataValue.table_schema(_schema(value["columns"])),
    "table_column_lineage": _lineage,
}
