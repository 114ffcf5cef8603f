"""Dagster's definitions, made from a manifest."""
