"""The queue of steps: Procrastinate's tables in a schema of their own, and one of ours that describes the workers."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from dagma.errors import WorkerPoolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import dagster as dg

URL_ENV = "DAGMA_WORKER_POOL_URL"
"""Names the PostgreSQL database of the queue, where it is not that of Dagster's storage."""

DEFAULT_QUEUE = "dagster"
TASK = "execute_step"

LEASE = 15.0
"""Seconds without a heartbeat after which a worker is lost, and its step with it."""

HEARTBEAT = 2.0

_SCHEMA = "dagma_worker_pool"
_SCHEMA_LOCK = 0x6461676D61
"""An advisory lock of PostgreSQL: one process creates the tables."""

_WORKERS_TABLE = """
CREATE TABLE dagma_workers (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers(id) ON DELETE CASCADE,
    name text NOT NULL UNIQUE,
    details jsonb NOT NULL,
    started_at timestamp with time zone NOT NULL DEFAULT now()
)
"""

_FAIL_LOST = """
SELECT procrastinate_finish_job_v1(lost.id, 'failed', false) FROM (
    SELECT job.id FROM procrastinate_jobs job
    LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
    AND (worker.id IS NULL OR worker.last_heartbeat < now() - %(lease)s * interval '1 second')
    FOR UPDATE OF job SKIP LOCKED
) lost
"""

_FAIL_STEPS_OF = """
SELECT procrastinate_finish_job_v1(job.id, 'failed', false) FROM procrastinate_jobs job
JOIN dagma_workers worker ON worker.worker_id = job.worker_id
WHERE job.status = 'doing' AND worker.name = %(name)s
"""

_ENDED = """
SELECT id FROM procrastinate_jobs WHERE id = ANY(%(ids)s) AND status NOT IN ('todo', 'doing', 'succeeded')
"""

_LIVE_QUEUES = """
SELECT worker.details -> 'queues' AS queues FROM dagma_workers worker
JOIN procrastinate_workers beat ON beat.id = worker.worker_id
WHERE beat.last_heartbeat >= now() - %(lease)s * interval '1 second'
"""

_WORKERS = """
SELECT worker.name, worker.details, extract(epoch FROM now() - worker.started_at)::float AS age,
    extract(epoch FROM now() - beat.last_heartbeat)::float AS heartbeat_age,
    job.args ->> 'run_id' AS run_id, job.args ->> 'step_key' AS step_key
FROM dagma_workers worker
JOIN procrastinate_workers beat ON beat.id = worker.worker_id
LEFT JOIN procrastinate_jobs job ON job.worker_id = worker.worker_id AND job.status = 'doing'
ORDER BY worker.details ->> 'host', worker.started_at, worker.name
"""


class Step(NamedTuple):
    """A step that waits for a worker."""

    run_id: str
    key: str
    arguments: str
    queue: str
    priority: int


def conninfo(instance: dg.DagsterInstance) -> str:
    """How to connect to the queue. It holds a password: nothing prints it."""
    url = os.environ.get(URL_ENV) or getattr(instance.event_log_storage, "postgres_url", None)
    if url is None:
        message = (
            "The worker pool needs PostgreSQL, and the storage of this Dagster instance is "
            f"{type(instance.event_log_storage).__name__}. Configure `storage: postgres:` in dagster.yaml, or set "
            f"{URL_ENV} to the address of a database."
        )
        raise WorkerPoolError(message)
    info = import_module("psycopg.conninfo")
    scheme, _, rest = str(url).rpartition("://")
    try:
        options = info.conninfo_to_dict(f"{scheme.partition('+')[0]}://{rest}" if scheme else rest)
    except import_module("psycopg").Error:  # its message quotes the address
        source = URL_ENV if os.environ.get(URL_ENV) else "storage.postgres of dagster.yaml"
        message = (
            f"{source} is not the address of a PostgreSQL database. One begins with postgresql://, "
            "or is a list such as host=… dbname=… user=…."
        )
        raise WorkerPoolError(message) from None
    options["options"] = f"{options.get('options') or ''} -c search_path={_SCHEMA}".strip()
    options.setdefault("application_name", "dagma-worker-pool")
    return str(info.make_conninfo(**options))


def expect_installed() -> None:
    """Refuses a Python without the library of the queue."""
    try:
        import_module("procrastinate")
        import_module("psycopg")
    except ImportError as error:
        message = (
            f"The worker pool needs the packages procrastinate and psycopg: {error}. "
            "Install them with `pip install 'dagster-dagma[worker-pool]'`."
        )
        raise WorkerPoolError(message) from error


def quoted(error: BaseException, secret: str) -> str:
    """The message of an error of the database, without the password."""
    password = import_module("psycopg.conninfo").conninfo_to_dict(secret).get("password")
    text = str(error).replace(secret, "...")
    return text.replace(str(password), "...") if password else text


class Queue:
    """The queue, as the processes see it that put steps into it or look into it."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        expect_installed()
        self._conninfo = conninfo(instance)
        with connected(self._conninfo) as connection:
            _create_tables(connection)
        procrastinate: Any = import_module("procrastinate")
        pool = {"min_size": 1, "max_size": 2}
        self._connector = procrastinate.SyncPsycopgConnector(conninfo=self._conninfo, **pool)
        self._app = procrastinate.App(connector=self._connector)
        self._app.open()

    def close(self) -> None:
        """Ends the connections."""
        self._app.close()

    def put(self, step: Step) -> int:
        """Puts a step into its queue. Of one step of a run, one attempt is executed at a time: that is its lock."""
        task = self._app.configure_task(
            TASK, queue=step.queue, priority=step.priority, lock=f"{step.run_id}/{step.key}", allow_unknown=True
        )
        return int(task.defer(run_id=step.run_id, step_key=step.key, arguments=step.arguments))

    def last(self, run_id: str, step_key: str) -> int | None:
        """The job that was last put in for a step."""
        jobs = self._app.job_manager.list_jobs(lock=f"{run_id}/{step_key}")
        return max((int(job.id) for job in jobs), default=None)

    def take_back(self, job_id: int) -> None:
        """Takes a step out if it waits, and otherwise asks its worker to end it."""
        self._app.job_manager.cancel_job_by_id(job_id, abort=True)

    def without_result(self, ids: Sequence[int]) -> set[int]:
        """Which of these jobs have ended without a result, since their workers are lost."""
        self._connector.execute_query_all(_FAIL_LOST, lease=LEASE)
        return {int(row["id"]) for row in self._connector.execute_query_all(_ENDED, ids=list(ids))}

    def has_worker(self, queue: str) -> bool:
        """Whether a worker takes steps from the queue now."""
        rows = self._connector.execute_query_all(_LIVE_QUEUES, lease=LEASE)
        return any(queue in row["queues"] for row in rows)

    def workers(self) -> Sequence[Mapping[str, Any]]:
        """All workers that have not ended, also those that are lost."""
        return list(self._connector.execute_query_all(_WORKERS))


@contextmanager
def connected(secret: str) -> Iterator[Any]:
    """A connection to the database of the queue."""
    psycopg: Any = import_module("psycopg")
    try:
        connection = psycopg.connect(secret, connect_timeout=10)
    except psycopg.Error as error:
        reason = quoted(error, secret).partition("\n")[0]
        message = f"The database of the worker pool cannot be reached: {reason}"
        raise WorkerPoolError(message) from None
    with connection:
        yield connection


def fail_steps_of(connection: Any, name: str) -> None:
    """A worker has ended with a step in hand: nobody waits for its lease."""
    connection.execute(_FAIL_STEPS_OF, {"name": name})
    connection.execute(
        "DELETE FROM procrastinate_workers WHERE id IN (SELECT worker_id FROM dagma_workers WHERE name = %(name)s)",
        {"name": name},
    )


def _create_tables(connection: Any) -> None:
    procrastinate_schema: Any = import_module("procrastinate.schema")
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
    if connection.execute(f"SELECT to_regclass('{_SCHEMA}.dagma_workers')").fetchone()[0] is not None:
        return
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
    connection.execute(procrastinate_schema.SchemaManager.get_schema())
    connection.execute(_WORKERS_TABLE)
