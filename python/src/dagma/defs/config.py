"""A step's JSON Schema as Dagster config: exact where Dagster has the type, otherwise `Any` with the schema to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXPLAINED = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "$schema", "title", "description", "default"}
)


def config_fields(step: str, schema: Mapping[str, Any]) -> dict[str, dg.Field] | None:
    """The fields of a step's config, or None where its schema is not a plain object: then anything is taken.

    TypeScript validates in any case. A field without default stays required; one with a default is optional, and
    the default is filled in by TypeScript when the step runs.
    """
    if not _is_plain_object(schema):
        return None
    required = schema.get("required", ())
    return {
        name: _field(f"{step}_{name}", member, required=name in required)
        for name, member in schema["properties"].items()
    }


def describe(schema: Mapping[str, Any]) -> str:
    """A schema for a person to read."""
    return f"JSON Schema:\n\n```json\n{json.dumps(schema, indent=2, ensure_ascii=False)}\n```"


def _field(path: str, schema: Mapping[str, Any], *, required: bool) -> dg.Field:
    config_type = _type(path, schema)
    constraints = {key: value for key, value in schema.items() if key not in _EXPLAINED}
    default = f"Default: `{json.dumps(schema['default'], ensure_ascii=False)}`" if "default" in schema else None
    parts = [
        schema.get("description"),
        default,
        describe(constraints) if constraints or config_type is dg.Any else None,
    ]
    description = "\n\n".join(part for part in parts if part) or None
    return dg.Field(config_type, is_required=required, description=description)


def _type(path: str, schema: Mapping[str, Any]) -> Any:
    nullable = _without_null(schema)
    if nullable is not None:
        return dg.Noneable(_type(path, nullable))
    if "enum" in schema or "const" in schema:
        return _enum(path, schema.get("enum", [schema.get("const")]))
    make = _TYPES.get(str(schema.get("type")))
    return dg.Any if make is None else make(path, schema)


def _array(path: str, schema: Mapping[str, Any]) -> Any:
    items = None if "prefixItems" in schema else schema.get("items")  # with it, the items of the rest
    return dg.Array(_type(f"{path}_item", items)) if isinstance(items, dict) else dg.Any


def _object(path: str, schema: Mapping[str, Any]) -> Any:
    if _is_plain_object(schema):
        return dg.Shape(config_fields(path, schema) or {})  # type: ignore[no-untyped-call]
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and values and "properties" not in schema:
        return dg.Map(dg.String, _type(f"{path}_value", values))  # type: ignore[no-untyped-call]
    return dg.Any


_TYPES: Mapping[str, Callable[[str, Mapping[str, Any]], Any]] = {
    "string": lambda *_: dg.String,
    "integer": lambda *_: dg.Int,
    "number": lambda *_: dg.Float,
    "boolean": lambda *_: dg.Bool,
    "array": _array,
    "object": _object,
}


def _enum(path: str, choices: Any) -> Any:
    if not all(isinstance(choice, str) for choice in choices):
        return dg.Any
    return dg.Enum(f"{path}_choice", [dg.EnumValue(choice) for choice in choices])


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of the values that are not null, when null is one of two alternatives."""
    alternatives = schema.get("anyOf")
    if isinstance(alternatives, list) and {"type": "null"} in alternatives:
        rest = [one for one in alternatives if one != {"type": "null"}]
        return rest[0] if len(rest) == 1 else {"anyOf": rest}
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        rest = [kind for kind in kinds if kind != "null"]
        return {**schema, "type": rest[0]} if len(rest) == 1 else None
    return None


def _is_plain_object(schema: Mapping[str, Any]) -> bool:
    """Whether the schema names all its fields: TypeScript refuses others as well."""
    open_ended = schema.get("additionalProperties", False) is not False
    return schema.get("type") == "object" and "properties" in schema and not open_ended
