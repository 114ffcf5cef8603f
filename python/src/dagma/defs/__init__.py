"""Dagster's definitions, built from a manifest."""
