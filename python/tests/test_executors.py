"""Which executor runs a project's steps: declared, chosen by the deployment, or not there."""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from dagma.defs.load import build_definitions, definitions_of
from dagma.errors import ExecutorError, LoadError, WorkerPoolError
from dagma.executor import dagma_executor
from dagma.manifest.parse import parse_manifest
from dagma.manifest.types import Executor
from dagma.project import Project
from tests.conftest import MakeProject, manifest, step

MODULE = """
import dagster as dg
from dagster._core.execution.retries import RetryMode

@dg.executor(name="own", config_schema={"queue": dg.Field(dg.StringSource), "size": dg.Field(int, default_value=1)})
def own_executor(context):
    return dg.in_process_executor.executor_creation_fn(context)

number = 3
SEEN = []

class Recording(dg.Executor):
    retries = RetryMode.DISABLED

    def execute(self, plan_context, execution_plan):
        for steps in (execution_plan.step_dict, execution_plan.step_dict_by_key):
            SEEN.append({step.key: {k: v for k, v in step.tags.items() if k != "kind"} for step in steps.values()})
        return iter([])

@dg.executor(name="recording")
def recording_executor(context):
    return Recording()
"""


def named(name: str, module: str | None = None, **config: Any) -> dict[str, Any]:
    return {"module": module, "name": name, "config": config}


def project_with(location: dict[str, Any] | None, job: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    declared = manifest(step("one", **changes))
    declared["executor"] = location
    declared["jobs"][0]["executor"] = job
    return declared


def load(declared: dict[str, Any], chosen: Executor | dg.ExecutorDefinition | None = None) -> dg.Definitions:
    project = Project(root=Path("/nowhere"), name="x")
    return build_definitions(project, parse_manifest(json.dumps(declared), "test"), chosen)


def executors(definitions: dg.Definitions) -> tuple[str, str]:
    """Of the job, and of assets that are materialized without one."""
    implicit = definitions.resolve_implicit_global_asset_job_def()
    return definitions.resolve_job_def("job").executor_def.name, implicit.executor_def.name


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_executors.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_executors", raising=False)
    return "own_executors"


def test_the_most_particular_choice_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert executors(load(project_with(None, None)))[0] == "dagma"
    assert executors(load(project_with(named("multiprocess"), None))) == ("multiprocess", "multiprocess")
    assert executors(load(project_with(named("multiprocess"), named("in_process")))) == ("in_process", "multiprocess")
    both = project_with(named("multiprocess"), named("in_process"))
    monkeypatch.setenv("DAGMA_EXECUTOR", "dagma")
    assert executors(load(both)) == ("dagma", "dagma")
    assert executors(load(both, dg.in_process_executor)) == ("in_process", "in_process")


def test_a_project_without_a_choice_leaves_the_location_to_others(make_project: MakeProject) -> None:
    project = make_project(step("one"))
    alone = dagma.load_definitions(project)
    assert alone.executor is None
    assert alone.resolve_job_def("job").executor_def is dagma_executor
    assert dagma.load_definitions(project, executor="multiprocess").executor is not None
    merged = dg.Definitions.merge(dagma.load_definitions(project), dg.Definitions(executor=dg.multiprocess_executor))
    assert executors(merged) == ("dagma", "multiprocess")


def test_declared_config_is_the_default_that_a_run_replaces_field_by_field(
    own_module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = named("own_executor", own_module, queue={"env": "OWN_QUEUE"}, size=4)
    job = load(project_with(None, own)).resolve_job_def("job")
    shape: Any = job.executor_def.config_schema.config_type
    fields = shape.fields
    assert fields["queue"].default_value == {"env": "OWN_QUEUE"}
    assert (fields["size"].default_value, fields["size"].is_required) == (4, False)
    monkeypatch.setenv("OWN_QUEUE", "large")
    resolved = dg.validate_run_config(job, {"execution": {"config": {"size": 2}}})
    assert list(resolved["execution"].values()) == [{"queue": "large", "size": 2}]
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, {"execution": {"config": {"size": "two"}}})


def test_config_of_the_environment(monkeypatch: pytest.MonkeyPatch, own_module: str) -> None:
    monkeypatch.setenv("DAGMA_EXECUTOR", f"{own_module}:own_executor")
    monkeypatch.setenv("DAGMA_EXECUTOR_CONFIG", '{"queue": "large"}')
    definitions = load(project_with(named("multiprocess"), None))
    assert executors(definitions) == ("own", "own")
    with dg.instance_for_test() as instance:
        assert definitions.resolve_job_def("job").execute_in_process(instance=instance, raise_on_error=False)


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        (named("nowhere"), r'no executor "nowhere"\. Name one of dagma, in_process, multiprocess, celery'),
        (named("multiprocess", max_concurrent="many"), r'The config of the executor "multiprocess" does not fit it'),
        (named("multiprocess", workers=2), r'has no field "workers"; it has max_concurrent'),
        (named("x", "no_such_module"), r"in the module no_such_module, which Dagster's Python"),
        (named("x", "own_executors"), r'own_executors has no variable "x"'),
        (named("number", "own_executors"), r"is not an ExecutorDefinition"),
        (named("x", "broken_executors"), r"importing broken_executors failed with ZeroDivisionError"),
    ],
)
@pytest.mark.usefixtures("own_module")
def test_what_is_refused(declared: dict[str, Any], problem: str, tmp_path: Path) -> None:
    (tmp_path / "broken_executors.py").write_text("1 / 0")
    for place in (project_with(declared, None), project_with(None, declared)):
        with pytest.raises(ExecutorError, match=problem):
            load(place)


@pytest.mark.parametrize(
    ("config", "problem"), [("{", "is not JSON"), ("[]", "is not a JSON object"), ("{}", "DAGMA_EXECUTOR is not")]
)
def test_wrong_config_of_the_environment(config: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if config != "{}":
        monkeypatch.setenv("DAGMA_EXECUTOR", "multiprocess")
    monkeypatch.setenv("DAGMA_EXECUTOR_CONFIG", config)
    with pytest.raises(ExecutorError, match=problem):
        load(project_with(None, None))


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("celery", "dagster-celery"),
        ("k8s", "dagster-k8s"),
        ("celery-k8s", "dagster-celery-k8s"),
        ("docker", "dagster-docker"),
    ],
)
def test_a_package_that_is_not_installed(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)  # as Python does for a module that is not there
    with pytest.raises(LoadError, match=rf"the package {package}, which is not installed\. Run `.* {package}`"):
        load(project_with(named(name), None))


def test_definitions_of_a_project_follow_its_executor(make_project: MakeProject) -> None:
    root = make_project(text=json.dumps(project_with(named("in_process"), None)))
    project = Project(root=root, name="x")
    assert executors(definitions_of(project, dagma_executor)) == ("in_process", "in_process")
    (root / "manifest.json").write_text(json.dumps(project_with(None, None)))
    assert definitions_of(project, dagma_executor).executor is dagma_executor


def tagged() -> dg.JobDefinition:
    declared = project_with(None, named("recording_executor", "own_executors"), op_tags={"queue": "small"})
    declared["jobs"][0]["op_tags"] = {"queue": "large", "dagster/priority": 3, "dagster-k8s/config": {"a": [1]}}
    return load(declared).resolve_job_def("job")


@pytest.mark.usefixtures("own_module")
def test_op_tags_of_a_step_go_over_those_of_its_job(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    monkeypatch.setenv("DAGMA_MANIFEST", str(tmp_path / "manifest.json"))
    with dg.execute_job(dg.reconstructable(tagged), instance) as result:
        assert result.success
    seen = import_module("own_executors").SEEN
    expected = {"queue": "small", "dagster/priority": "3", "dagster-k8s/config": '{"a": [1]}'}
    assert seen == [{"one": expected}, {"one": expected}]


@pytest.mark.parametrize("kind", ["materialize", "observe", "check"])
def test_op_tags_of_each_kind_of_step(kind: str) -> None:
    declared = manifest(
        step("checked"), step("one", kind=kind, op_tags={"queue": "small", "list": [1]}, retry_policy=None)
    )
    if kind == "check":
        declared["steps"][1]["assets"] = []
        declared["steps"][1]["checks"] = [
            {"asset": ["checked"], "name": "good", "description": None, "blocking": False}
        ]
    declared["jobs"] = []
    implicit = load(declared).resolve_implicit_global_asset_job_def()
    tags = implicit.graph.node_named("one").definition.tags
    assert {name: tags[name] for name in ("queue", "list")} == {"queue": "small", "list": "[1]"}


@pytest.mark.parametrize("name", ["celery", "k8s", "celery-k8s", "docker", "worker-pool"])
def test_a_budget_is_refused_where_steps_run_on_other_machines(name: str) -> None:
    declared = {**project_with(None, None), "budgets": ['step "one"']}
    elsewhere = _named_copy(name)
    refusal = r'The budget of step "one" cannot be enforced.*\[DAGMA_BUDGET_NOT_SHARED\]'
    with pytest.raises(ExecutorError, match=refusal):
        load(declared, elsewhere)
    assert load({**declared, "budgets": []}, elsewhere)
    assert load(declared, dg.multiprocess_executor)


@pytest.mark.parametrize("name", ["multiprocess", "celery", "k8s", "celery-k8s", "docker", "worker-pool"])
def test_values_in_memory_are_refused_where_the_deployment_gives_steps_processes(name: str) -> None:
    in_memory = {**project_with(None, None), "in_process_values": [{"step": "one", "upstream": "raw"}]}
    with pytest.raises(ExecutorError, match=rf'"one" loads the value of "raw".*"{name}".*\[DAGMA_VALUES_IN_PROCESS\]'):
        load(in_memory, _named_copy(name))
    assert load({**in_memory, "in_process_values": []}, _named_copy(name))
    assert load(in_memory, dagma_executor)


def test_values_in_the_projects_folder_are_warned_of_where_steps_leave_the_machine(
    caplog: pytest.LogCaptureFixture,
) -> None:
    declared = project_with({"module": None, "name": "celery", "config": {}}, None)
    in_folder = {**declared, "project_folder_values": [{"step": "one", "upstream": "raw"}]}
    for _ in range(2):
        load(in_folder)
    load(in_folder, dg.multiprocess_executor)
    load(in_folder, dagma_executor)
    (warning,) = [record.getMessage() for record in caplog.records if "project's folder" in record.getMessage()]
    assert warning.startswith('The executor "celery" runs steps on several machines')
    assert '"one" loads "raw". Say in ioManagers' in warning
    caplog.clear()
    of_job = {**project_with(None, {"module": None, "name": "k8s", "config": {}}), "project_folder_values": []}
    load(of_job)
    assert not caplog.records
    load({**of_job, "project_folder_values": [{"step": "one", "upstream": "raw"}, {"step": "two", "upstream": "x"}]})
    assert '"k8s" runs' in caplog.text
    assert '"two"' not in caplog.text


def test_values_in_memory_are_refused_under_the_executor_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGMA_EXECUTOR", "multiprocess")
    in_memory = {**project_with(None, None), "in_process_values": [{"step": "one", "upstream": "raw"}]}
    with pytest.raises(ExecutorError, match="DAGMA_VALUES_IN_PROCESS"):
        load(in_memory)


def _named_copy(name: str) -> dg.ExecutorDefinition:
    @dg.executor(name=name)
    def copy(_: dg.InitExecutorContext) -> dg.Executor:
        raise NotImplementedError

    return copy


@pytest.mark.skipif(
    os.environ.get("CI") != "true" and find_spec("procrastinate") is None, reason="needs the extra worker-pool"
)
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("mysql://u:geheim77x@h/x", "DAGMA_WORKER_POOL_URL is not the address of a PostgreSQL database"),
        ("u geheim77x", "DAGMA_WORKER_POOL_URL is not the address of a PostgreSQL database"),
        ("postgresql://u:geheim77x@127.0.0.1:1/x", "The database of the worker pool cannot be reached: "),
        ("host=127.0.0.1 port=1 password=geheim77x", "The database of the worker pool cannot be reached: "),
    ],
)
def test_a_database_of_the_pool_that_is_none(address: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGMA_WORKER_POOL_URL", address)
    queue = import_module("dagma.pool.queue")
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(WorkerPoolError, match=reason) as raised:
        queue.Queue(instance)
    shown = "".join(traceback.format_exception(raised.value))
    assert "geheim77x" not in shown
    assert "\n" not in str(raised.value)
