"""The worker pool: warm processes, on any number of machines, that execute the steps of runs from a queue.

The queue is Procrastinate's, in the PostgreSQL database that holds Dagster's own storage.
"""
