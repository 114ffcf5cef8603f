"""Schedules and sensors: Dagster's daemon ticks, TypeScript says what a tick asks for."""

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import dagster as dg

from dagma.errors import TickError
from dagma.manifest.types import Schedule, Sensor
from dagma.project import Project, find_toolchain

_GRACE = 2.0
"""Seconds that the process has to end after its answer."""

_MOST_QUOTED = 4000
"""Bytes of what a failed tick has printed that its error quotes."""

UnresolvedJob: TypeAlias = Any
"""The result of `dagster.define_asset_job`; its class has no public name."""

_TIMEOUT = 50.0
"""Seconds a tick may take: less than the 60 that Dagster waits for its code server."""


def build_schedule(project: Project, schedule: Schedule) -> dg.ScheduleDefinition:
    """A schedule whose ticks ask for one run of its job, or for what its function in TypeScript says."""

    def evaluate(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        at = context.scheduled_execution_time.isoformat()
        with answer_read(f"schedule {schedule.name}"):
            answer = _tick(project, {"kind": "schedule", "name": schedule.name, "scheduled_time": at}, context.log)
            asked = run_requests(answer)
        yield from asked

    return dg.ScheduleDefinition(
        name=schedule.name,
        description=schedule.description,
        job_name=schedule.job_name,
        cron_schedule=schedule.cron_schedule,
        execution_timezone=schedule.execution_timezone,
        default_status=dg.DefaultScheduleStatus[schedule.default_status],
        execution_fn=evaluate if schedule.has_evaluation else None,
    )


def build_sensor(project: Project, sensor: Sensor, jobs: Mapping[str, UnresolvedJob]) -> dg.SensorDefinition:
    """A sensor whose ticks are evaluated in TypeScript."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        with answer_read(f"sensor {sensor.name}"):
            keys = {name: list(context.instance.get_dynamic_partitions(name)) for name in sensor.dynamic_partitions}
            request = {"kind": "sensor", "name": sensor.name, "cursor": context.cursor, "dynamic_partitions": keys}
            answer = _tick(project, request, context.log)
            return sensor_result(answer)

    return dg.SensorDefinition(
        name=sensor.name,
        evaluation_fn=evaluate,
        jobs=[jobs[name] for name in sensor.job_names],
        minimum_interval_seconds=sensor.minimum_interval_seconds,
        description=sensor.description,
        default_status=dg.DefaultSensorStatus[sensor.default_status],
    )


@contextlib.contextmanager
def answer_read(what: str) -> Iterator[None]:
    """Says of whatever goes wrong within that a tick was answered in a form that is none."""
    try:
        yield
    except dg.DagsterError:
        raise
    except Exception as error:
        message = (
            f"The answer to a tick of the {what} cannot be read ({type(error).__name__}: {error}). "
            "Install the npm package dagma and the Python package dagster-dagma in the same version."
        )
        raise TickError(message) from error


def run_requests(answer: Mapping[str, Any]) -> list[dg.RunRequest | dg.SkipReason]:
    """The runs that a tick of a schedule asks for, or why it asks for none."""
    return [_run_request(asked) for asked in answer["run_requests"]] or [dg.SkipReason(answer["skip_reason"])]


def sensor_result(answer: Mapping[str, Any]) -> dg.SensorResult:
    """The result of a sensor's tick."""
    requests = [_run_request(asked) for asked in answer["run_requests"]]
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else answer["skip_reason"],
        cursor=answer["cursor"],
        dynamic_partitions_requests=[
            request for change in answer["dynamic_partitions"] for request in _partition_requests(change)
        ],
    )


def _run_request(asked: Mapping[str, Any]) -> dg.RunRequest:
    ops = {step: {"config": config} for step, config in asked["config"].items()}
    return dg.RunRequest(
        run_key=asked["run_key"],
        job_name=asked["job_name"],
        run_config={"ops": ops} if ops else None,
        tags=asked["tags"],
        partition_key=asked["partition_key"],
    )


def _partition_requests(change: Mapping[str, Any]) -> list[Any]:
    partitions = dg.DynamicPartitionsDefinition(name=change["partitions"])
    requests: list[Any] = []
    if change["add"]:
        requests.append(partitions.build_add_request(change["add"]))
    if change["remove"]:
        requests.append(partitions.build_delete_request(change["remove"]))
    return requests


def _tick(project: Project, request: Mapping[str, Any], log: Any) -> Mapping[str, Any]:
    answer = _ask(project, request)
    levels: Mapping[str, Callable[[str], None]] = {
        "debug": log.debug,
        "info": log.info,
        "warning": log.warning,
        "error": log.error,
        "critical": log.critical,
    }
    for line in answer["logs"]:
        levels[line["level"]](line["message"])
    return answer


def _ask(project: Project, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer to a tick. It counts once it was read: what keeps the process from its end does not lose it."""
    tools = find_toolchain(project)
    what = f"{request['kind']} {request['name']}"
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as printed:
        question.write(json.dumps(request).encode())
        question.seek(0)
        process = subprocess.Popen(
            [tools.node, tools.cli, "tick"], cwd=project.root, stdin=question, stdout=subprocess.PIPE, stderr=printed
        )
        with process:
            try:
                line = _read_line(process, time.monotonic() + _TIMEOUT)
                if line is None:
                    message = (
                        f"A tick of the {what} did not finish within {_TIMEOUT:.0f} s. "
                        "Dagster does not allow more time: do less work in it."
                    )
                    raise TickError(message)
                if not line.endswith(b"\n"):
                    process.wait(_GRACE)
                    printed.seek(-min(_MOST_QUOTED, printed.seek(0, os.SEEK_END)), os.SEEK_END)
                    text = printed.read().decode("utf-8", "replace").strip()
                    message = f"A tick of the {what} failed.\n{text}"
                    raise TickError(message)
                answer: Mapping[str, Any] = json.loads(line)
                return answer
            finally:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE)
                process.kill()


def _read_line(process: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """The first line of the process's stdout, or what came of it before its end; None when neither came in time."""
    assert process.stdout is not None  # noqa: S101
    line = bytearray()
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN | select.POLLHUP)
    while not line.endswith(b"\n"):
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return None
        chunk = os.read(process.stdout.fileno(), 65_536)
        if not chunk:
            break
        line += chunk
    return bytes(line)
