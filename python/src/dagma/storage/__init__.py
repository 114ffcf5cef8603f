"""Dagster's storages of runs, stored to faster: the event log, and the databases behind it."""
