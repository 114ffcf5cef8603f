"""The mapping of JSON Schema to Dagster config: what Dagster accepts for a schema, and what it refuses."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from dagma.defs.config import config_fields

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
ONE_FIELD = {"type": "object", "properties": {"a": INTEGER}}


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """Whether Dagster takes `value` for a field of that schema."""
    fields = config_fields({"type": "object", "properties": {"field": schema}, "required": ["field"]})

    @dg.op(config_schema=fields)
    def configured() -> None: ...

    @dg.job
    def job() -> None:
        configured()

    try:
        dg.validate_run_config(job, {"ops": {"configured": {"config": {"field": value}}}})
    except dg.DagsterInvalidConfigError:
        return False
    return True


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (STRING, ["", "x"], [1, None, [], {}]),
        (INTEGER, [0, -3], [1.5, "1", None]),
        ({"type": "number"}, [0, 1.5], ["1", None]),
        ({"type": "boolean"}, [True, False], ["true", 1]),
        ({"enum": ["a", "b"], "type": "string"}, ["a"], ["c", 1]),
        ({"const": "a", "type": "string"}, ["a"], ["b"]),
        ({"type": "array", "items": INTEGER}, [[], [1, 2]], [["x"], 1]),
        ({"anyOf": [STRING, {"type": "null"}]}, ["x", None], [1]),
        ({"type": ["integer", "null"]}, [1, None], ["x"]),
        (
            {"type": "object", "properties": {"a": INTEGER}, "required": ["a"]},
            [{"a": 1}],
            [{}, {"a": "x"}, {"a": 1, "b": 2}],
        ),
        (ONE_FIELD, [{}, {"a": 1}], [{"a": None}]),
        ({"type": "object", "propertyNames": STRING, "additionalProperties": INTEGER}, [{}, {"x": 1}], [{"x": "y"}]),
        # Fields without a Dagster type accept any value: TypeScript validates.
        ({"anyOf": [STRING, INTEGER]}, ["x", 1, [1]], []),
        ({"type": "array", "prefixItems": [STRING]}, [["x", 1]], []),
        ({"enum": [1, "a"]}, [1, "a"], []),
        ({}, [1, "x", {"y": [None]}], []),
    ],
    ids=str,
)
def test_mapping(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not accepts(schema, value)] == []
    assert [value for value in bad if accepts(schema, value)] == []


def test_fields_are_required_as_the_schema_says() -> None:
    schema = {
        "type": "object",
        "properties": {"a": STRING, "b": {**STRING, "description": "Second."}},
        "required": ["a"],
    }
    fields = config_fields(schema)
    assert fields is not None
    assert [(name, field.is_required) for name, field in fields.items()] == [("a", True), ("b", False)]
    assert fields["b"].description == "Second."


def test_dagster_has_defaults_that_may_be_entered_and_describes_others() -> None:
    properties = {
        "limit": {"type": "integer", "default": 3, "description": "How many."},
        "length": {"type": "string", "x-default": 5},
        "refused": {"type": "string", "default": 5},
    }
    fields = config_fields({"type": "object", "properties": properties})
    assert fields is not None
    assert [field.description for field in fields.values()] == ["How many.", "Default: `5`", "Default: `5`"]
    assert [field.default_value for field in fields.values() if field.default_provided] == [3]


def test_constraints_are_shown() -> None:
    fields = config_fields({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}})
    assert fields is not None
    assert '"minimum": 1' in (fields["n"].description or "")


def test_a_schema_that_is_no_plain_object_has_no_fields() -> None:
    assert config_fields({"anyOf": [{"type": "object"}]}) is None
    assert config_fields({"type": "object"}) is None


def test_enums_of_one_place_in_two_schemas_are_two() -> None:
    both = [{"type": "array", "items": {"type": "string", "enum": [choice]}} for choice in ("a", "b")]
    assert [[accepts(schema, [choice]) for choice in ("a", "b")] for schema in both] == [[True, False], [False, True]]
