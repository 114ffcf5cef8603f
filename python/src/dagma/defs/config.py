"""A step's JSON Schema as Dagster config: exact where Dagster has the type, otherwise `Any` with the schema to read."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_EXPLAINED = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "$schema",
        "title",
        "description",
        "default",
        "x-default",
    }
)


def config_fields(schema: Mapping[str, Any]) -> dict[str, dg.Field] | None:
    """The fields of a step's config, or None where its schema is not a plain object: then anything is taken.

    TypeScript validates in any case, and fills in what is left out. Dagster fills in a default only where its result is
    the same: the keyword `default`. The others, `x-default`, are described.
    """
    if not _is_plain_object(schema):
        return None
    required = schema.get("required", ())
    return {name: _field(member, required=name in required) for name, member in schema["properties"].items()}


def describe(schema: Mapping[str, Any]) -> str:
    """A schema for a person to read."""
    return f"JSON Schema:\n\n```json\n{json.dumps(schema, indent=2, ensure_ascii=False)}\n```"


def _field(schema: Mapping[str, Any], *, required: bool) -> dg.Field:
    config_type = _type(schema)
    constraints = {key: value for key, value in schema.items() if key not in _EXPLAINED}
    about = [schema.get("description"), describe(constraints) if constraints or config_type is dg.Any else None]
    if "default" in schema and not required:
        with suppress(dg.DagsterInvalidConfigError):  # Dagster may not take what the schema does
            return dg.Field(
                config_type, is_required=False, default_value=schema["default"], description=_paragraphs(about)
            )
    about[1:1] = [
        f"Default: `{json.dumps(schema[key], ensure_ascii=False)}`" for key in ("default", "x-default") if key in schema
    ]
    return dg.Field(config_type, is_required=required, description=_paragraphs(about))


def _paragraphs(texts: Iterable[str | None]) -> str | None:
    return "\n\n".join(text for text in texts if text) or None


def _type(schema: Mapping[str, Any]) -> Any:
    nullable = _without_null(schema)
    if nullable is not None:
        return dg.Noneable(_type(nullable))
    if "enum" in schema or "const" in schema:
        return _enum(schema.get("enum", [schema.get("const")]))
    make = _TYPES.get(str(schema.get("type")))
    return dg.Any if make is None else make(schema)


def _array(schema: Mapping[str, Any]) -> Any:
    items = None if "prefixItems" in schema else schema.get("items")  # with it, the items of the rest
    return dg.Array(_member(items)) if isinstance(items, dict) else dg.Any


def _object(schema: Mapping[str, Any]) -> Any:
    if _is_plain_object(schema):
        return dg.Shape(config_fields(schema) or {})  # type: ignore[no-untyped-call]
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and values and "properties" not in schema:
        return dg.Map(dg.String, _member(values))  # type: ignore[no-untyped-call]
    return dg.Any


def _member(schema: Mapping[str, Any]) -> Any:
    """The type of the members of an array or a map: `Any` takes null, and Dagster fails at a member that is null."""
    config_type = _type(schema)
    return dg.Noneable(dg.Any) if config_type is dg.Any else config_type


_TYPES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "string": lambda _: dg.String,
    "integer": lambda _: dg.Int,
    "number": lambda _: dg.Float,
    "boolean": lambda _: dg.Bool,
    "array": _array,
    "object": _object,
}


def _enum(choices: Any) -> Any:
    if not all(isinstance(choice, str) for choice in choices):
        return dg.Any
    name = " | ".join(
        json.dumps(choice, ensure_ascii=False) for choice in choices
    )  # Dagster takes enums of one name for one
    return dg.Enum(name, [dg.EnumValue(choice) for choice in choices])


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
