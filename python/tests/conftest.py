"""Fixtures: projects whose `dagma` is the fake one, and the Node that runs it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "packages" / "dagma"
FAKE = Path(__file__).parent / "fake_dagma.mjs"

needs_package = pytest.mark.skipif(
    os.environ.get("CI") != "true" and not (PACKAGE / "dist" / "index.js").exists(),
    reason="packages/dagma is not built: run `npm run build`",
)


def typescript_project(root: Path, definitions: str) -> Path:
    """A new project in `root` with these definitions, the real package and zod."""
    (root / "src").mkdir(parents=True)
    (root / "node_modules").mkdir()
    (root / "node_modules" / "dagma").symlink_to(PACKAGE)
    (root / "node_modules" / "zod").symlink_to(REPOSITORY / "node_modules" / "zod")
    (root / "package.json").write_text('{"name":"project","type":"module","dagma":{}}')
    (root / "src" / "definitions.ts").write_text(definitions)
    return root


def find_node() -> str:
    local = REPOSITORY / "node_modules" / ".bin" / "node"
    return str(local) if local.exists() else (shutil.which("node") or "node")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGMA_NODE", find_node())
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    for name in ("DAGMA_PROJECT", "DAGMA_MANIFEST", "DAGMA_EXECUTOR", "DAGMA_EXECUTOR_CONFIG", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "dagster-home"
    home.mkdir()
    with dg.instance_for_test(temp_dir=str(home)) as found:
        yield found


def asset(key: list[str], **changes: Any) -> dict[str, Any]:
    """An asset as a manifest has it; `deps` are keys."""
    plain: dict[str, Any] = {
        "key": key,
        "group": "default",
        "description": None,
        "owners": [],
        "tags": {},
        "kinds": ["typescript"],
        "code_version": None,
        "metadata": {},
        "partitions": None,
        "automation": None,
        "deps": [],
        "source": None,
    }
    deps = [{"key": dep, "mapping": None} for dep in changes.pop("deps", [])]
    return {**plain, **changes, "deps": deps}


def step(name: str, **changes: Any) -> dict[str, Any]:
    """A step of one asset; a change is the step's where it has that field, otherwise the asset's."""
    plain: dict[str, Any] = {
        "kind": "materialize",
        "checks": [],
        "can_subset": False,
        "config_schema": None,
        "retry_policy": None,
        "timeout_seconds": None,
        "pool": None,
        "op_tags": {},
        "dynamic_partitions": [],
        "backfill_policy": None,
    }
    own = {field: changes.pop(field) for field in plain if field in changes}
    return {"name": name, "assets": [asset([name], **changes)], **plain, **own}


def manifest(*steps: dict[str, Any]) -> dict[str, Any]:
    keys = [asset["key"] for one in steps for asset in one["assets"]]
    job: dict[str, Any] = {"name": "job", "description": None, "tags": {}, "config": {}, "asset_keys": keys}
    job |= {"executor": None, "op_tags": {}, "hooks": []}
    return {
        "manifest_version": 1,
        "dagma_version": "0.1.0",
        "executor": None,
        "steps": list(steps),
        "budgets": [],
        "in_process_values": [],
        "project_folder_values": [],
        "has_instrument": False,
        "external_assets": [],
        "jobs": [job],
        "schedules": [],
        "sensors": [],
        "digests": {"manifest": "sha256:" + "0" * 64, "modules": "sha256:" + "0" * 64, "lock_file": None},
    }


MakeProject = Callable[..., Path]


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    def make(*steps: dict[str, Any], folder: str = "project", text: str | None = None) -> Path:
        root = tmp_path / folder
        package = root / "node_modules" / "dagma"
        (package / "bin").mkdir(parents=True)
        (package / "package.json").write_text('{"name":"dagma","type":"module"}')
        shutil.copy(FAKE, package / "bin" / "dagma.js")
        name = "numbers" if folder == "project" else folder
        (root / "package.json").write_text(json.dumps({"name": f"@acme/{name}", "dagma": {}}))
        (root / "manifest.json").write_text(text or json.dumps(manifest(*steps)))
        return root

    return make


def is_running(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def worker_pid(project: Path) -> int:
    return int((project / "worker.pid").read_text())


def failure(result: dg.ExecuteInProcessResult, name: str) -> str:
    """The messages of a step's failure and of what caused it."""
    error = result.failure_data_for_node(name)
    assert error is not None
    parts, info = [], error.error
    while info is not None:
        parts.append(info.message)
        info = info.cause
    return "\n".join(parts)
