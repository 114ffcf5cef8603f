"""The run launcher of Dagma projects, named in dagster.yaml: a run starts in a process that was ready before.

It leaves other runs to Dagster's own launcher, and logs the reason once.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma import _compat
from dagma._compat import CheckRunHealthResult, WorkerStatus
from dagma.defs.load import DIGEST_METADATA, PROJECT_METADATA
from dagma.launch.preload_process import PreloadError, PreloadProcess
from dagma.launch.run_worker import WORKER_TAG
from dagma.process import Identity
from dagma.storage.quick_storage import make_storage_quick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagma._compat import ConfigurableClassData, LaunchRunContext, ResumeRunContext, RunTarget

MODULE = "dagma.definitions"
"""The module whose definitions are a Dagma project's and nothing else's."""

_KILL_AFTER = 10.0
"""Seconds after which a run worker that does not end, though it was asked to, is killed."""

_REBOOTED = "The machine was restarted during the run."

_log = logging.getLogger("dagster.dagma")


class DagmaRunLauncher(_compat.RunLauncher[Any], _compat.ConfigurableClass):
    """Forks run workers from a process that has Dagster, the definitions and the instance loaded."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        make_storage_quick()
        self._inst_data = inst_data
        self._default: Any = dg.DefaultRunLauncher()
        self._lock = threading.Lock()
        self._preloads: dict[str, tuple[str, PreloadProcess]] = {}
        self._said: set[str] = set()
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """The configuration in dagster.yaml."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """It takes no configuration."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagmaRunLauncher:
        """As dagster.yaml names it."""
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Called by the instance that the launcher belongs to."""
        super().register_instance(instance)
        self._default.register_instance(instance)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Starts the run; returns when its process has it."""
        target = _compat.run_target(context)
        reason = _why_not(target)
        if target is not None and reason is None:
            try:
                self._launch(target, context.dagster_run.run_id, resumes=False)
            except PreloadError as error:
                reason = str(error)
            else:
                return
        self._say(f"Runs are launched by Dagster's default launcher, which takes seconds longer: {reason}.")
        self._default.launch_run(context)

    @property
    def supports_resume_run(self) -> bool:
        """It does: `max_resume_run_attempts` of Dagster's run monitoring applies."""
        return True

    def resume_run(self, context: ResumeRunContext) -> None:
        """Continues a run whose process has died, without the steps that have ended."""
        target = _compat.run_target(context)
        reason = _why_not(target)
        if target is None or reason is not None:
            message = f"The run cannot be resumed: {reason}."
            raise dg.DagsterInvariantViolationError(message)
        self._launch(target, context.dagster_run.run_id, resumes=True)

    def terminate(self, run_id: str) -> bool:
        """Asks the run's process to cancel it, whoever has launched it; kills it when it does not end."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        worker = _worker_of(run)
        if worker is None:
            return bool(self._default.terminate(run_id))
        if run.status is not dg.DagsterRunStatus.CANCELING:
            self._instance.report_run_canceling(run)
        if worker.ended_by_reboot:
            _compat.report_run_died(self._instance, run_id, _REBOOTED)
            return True
        if not worker.is_local:  # its process looks for the status CANCELING by itself
            return True
        if not worker.send(signal.SIGTERM):
            _compat.report_run_died(self._instance, run_id, f"The run worker (pid {worker.pid}) was already gone.")
            return True
        threading.Thread(target=self._make_sure, args=(run_id, worker), name="dagma-terminate", daemon=True).start()
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It does, so that Dagster's run monitoring finds runs whose process has died."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process lives; where that cannot be seen, it is taken to."""
        worker = _worker_of(run)
        if worker is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "Launched by Dagster's default launcher; not checked.")
        if worker.ended_by_reboot:
            return CheckRunHealthResult(WorkerStatus.FAILED, _REBOOTED)
        if not worker.is_local:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "Its process is on another machine; not checked.")
        if worker.is_alive():
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(worker.pid))
        return CheckRunHealthResult(WorkerStatus.FAILED, f"The run worker (pid {worker.pid}) is gone.")

    def join(self, timeout: int = 30) -> None:
        """Waits for the runs that Dagster's own launcher has started."""
        self._default.join(timeout)

    def dispose(self) -> None:
        """Starts no more runs; those that continue are not touched."""
        with self._lock:
            preloads, self._preloads = list(self._preloads.values()), {}
        for _, preload in preloads:
            preload.retire()
        self._default.dispose()

    def _launch(self, target: RunTarget, run_id: str, *, resumes: bool) -> None:
        """Twice, since a preload process may have been killed since the last run; a third time it will not help."""
        try:
            self._preload(target).launch(run_id, resumes=resumes)
        except PreloadError:
            self._preload(target).launch(run_id, resumes=resumes)

    def _preload(self, target: RunTarget) -> PreloadProcess:
        """The preload process of the manifest with which the code location was loaded last."""
        wanted = _text(target.metadata, DIGEST_METADATA)
        with self._lock:
            digest, preload = self._preloads.get(target.repository, ("", None))
            if preload is not None and preload.is_alive and wanted in {digest, preload.digest}:
                return preload
            if preload is not None:
                del self._preloads[target.repository]
                preload.retire()
            settings = {"instance": _compat.instance_as_text(self._instance), "repository": target.repository}
            preload = PreloadProcess(settings, _text(target.metadata, PROJECT_METADATA))
            self._preloads[target.repository] = (wanted, preload)
        if preload.digest != wanted:
            _log.warning("The definitions have changed since the code location was loaded. Reload it.")
        return preload

    def _make_sure(self, run_id: str, worker: Identity) -> None:
        deadline = time.monotonic() + _KILL_AFTER
        while worker.is_alive():
            if time.monotonic() > deadline:
                worker.send(signal.SIGKILL)
                reason = f"The run worker (pid {worker.pid}) was killed: it did not end within {_KILL_AFTER:.0f} s."
                _compat.report_run_died(self._instance, run_id, reason)
                return
            time.sleep(0.2)

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            _log.warning(text)


def _why_not(target: RunTarget | None) -> str | None:
    if not hasattr(os, "fork"):
        return "this platform cannot fork processes"
    if target is None:
        return "the run does not say where it is defined"
    if target.module != MODULE or DIGEST_METADATA not in target.metadata or PROJECT_METADATA not in target.metadata:
        return f"the code location is not `-m {MODULE}`"
    if not target.is_local:
        return "the code location is served from another machine or container"
    if target.executable != sys.executable:
        return f"the code location runs in another Python, {target.executable}"
    return None


def _worker_of(run: dg.DagsterRun) -> Identity | None:
    """The process that a run has named; a run that was copied from another one has its tags, but not its process."""
    try:
        data = json.loads(run.tags.get(WORKER_TAG, ""))
        return Identity.from_json(data) if data["run_id"] == run.run_id else None
    except (KeyError, TypeError, ValueError):
        return None


def _text(metadata: Mapping[str, Any], name: str) -> str:
    return str(getattr(metadata[name], "value", metadata[name]))
