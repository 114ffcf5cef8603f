"""One version of a project's code per run: the run carries its digests, and a step's process compares its own."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING

from dagma.errors import CodeVersionError
from dagma.manifest.types import Digests

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dagster as dg

_TAG = ".dagster/dagma_code/"
"""Begins the tag of a run with the digests of a project, whose key follows. Tags that begin so are not shown."""

_WHAT = {"manifest": "definitions", "modules": "modules", "lock_file": "lock file"}


def record_code(instance: dg.DagsterInstance, run_id: str, worker_key: str, digests: Digests) -> None:
    """Notes the version of the code with which the run begins; a run that another process resumes keeps its own."""
    if code_of_run(instance, run_id, worker_key) is None:
        instance.add_run_tags(run_id, {f"{_TAG}{worker_key}": json.dumps({**asdict(digests), "run_id": run_id})})


def code_of_run(instance: dg.DagsterInstance, run_id: str, worker_key: str) -> Digests | None:
    """The version of the code of the run; None of a run whose steps share its process.

    A re-execution is created with the tags of the run that it repeats: those do not count.
    """
    run = instance.get_run_by_id(run_id)
    recorded = json.loads(run.tags.get(f"{_TAG}{worker_key}", "{}")) if run is not None else {}
    return Digests(**recorded) if recorded.pop("run_id", None) == run_id else None


def expect_code(expected: Digests, here: Digests, of: str) -> None:
    """Raises a `CodeVersionError` when this process has another version of the code; `of` is what has loaded it."""
    differences = expected.differences(here)
    if not differences:
        return
    what = " and ".join(
        f"{_WHAT[name]} ({_short(getattr(expected, name))} there, {_short(getattr(here, name))} here)"
        for name in differences
    )
    message = (
        f"{of} on {socket.gethostname()} has another version of the project's code than its run: other {what}. "
        f"{_advice(differences)} [DAGMA_CODE_VERSION]"
    )
    raise CodeVersionError(message)


def _advice(differences: Sequence[str]) -> str:
    if list(differences) == ["manifest"]:
        return (
            "The modules are the same, so the definitions depend on something of the host, such as an environment "
            "variable: set it to the same value on all hosts."
        )
    return (
        "Deploy one image, or one commit, to all hosts, restart the Celery workers, and re-execute the run. "
        "After an edit during the run, re-execute it: the new run has the new code."
    )


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
