"""The manifest: what a project declares, as the TypeScript side writes it (protocol/manifest.schema.json)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST_VERSION = 1
"""The only manifest version this package reads."""

AssetPath = tuple[str, ...]
"""An asset key as its path."""


@dataclass(frozen=True)
class Source:
    """Where an asset is declared: a file relative to the project's folder, and a line."""

    file: str
    line: int


@dataclass(frozen=True)
class Dep:
    """An upstream asset, and which of its partitions are meant; `mapping` None: what Dagster takes by default."""

    key: AssetPath
    mapping: Mapping[str, Any] | None


@dataclass(frozen=True)
class Asset:
    """One asset as it is declared."""

    key: AssetPath
    group: str
    description: str | None
    owners: tuple[str, ...]
    tags: Mapping[str, str]
    kinds: tuple[str, ...]
    code_version: str | None
    metadata: Mapping[str, Mapping[str, Any]]
    partitions: Mapping[str, Any] | None
    automation: Mapping[str, Any] | None
    deps: tuple[Dep, ...]
    source: Source | None


@dataclass(frozen=True)
class Check:
    """One check of an asset."""

    asset: AssetPath
    name: str
    description: str | None
    blocking: bool


@dataclass(frozen=True)
class RetryPolicy:
    """When a failed step is retried."""

    max_retries: int
    delay_seconds: float
    backoff: str
    jitter: str


@dataclass(frozen=True)
class Executor:
    """The executor of the steps: a known name, or one in a Python module."""

    module: str | None
    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class BackfillPolicy:
    """How many partitions a run may make; None: all of a backfill."""

    max_partitions_per_run: int | None


@dataclass(frozen=True)
class Step:
    """One function in TypeScript; by its kind it makes assets, observes them, or evaluates checks."""

    name: str
    kind: str
    assets: tuple[Asset, ...]
    checks: tuple[Check, ...]
    can_subset: bool
    config_schema: Mapping[str, Any] | None
    retry_policy: RetryPolicy | None
    timeout_seconds: float | None
    pool: str | None
    op_tags: Mapping[str, Any]
    dynamic_partitions: tuple[str, ...]
    backfill_policy: BackfillPolicy | None


@dataclass(frozen=True)
class Job:
    """A named selection of assets."""

    name: str
    description: str | None
    tags: Mapping[str, str]
    config: Mapping[str, Any]
    executor: Executor | None
    op_tags: Mapping[str, Any]
    asset_keys: tuple[AssetPath, ...]
    hooks: tuple[str, ...]
    """Which of `on_success` and `on_failure` it has in TypeScript."""


@dataclass(frozen=True)
class Schedule:
    """A job on a cron expression; with an evaluation in TypeScript, or one run a tick."""

    name: str
    description: str | None
    job_name: str
    cron_schedule: str
    execution_timezone: str
    default_status: str
    has_evaluation: bool


@dataclass(frozen=True)
class Sensor:
    """A function in TypeScript that asks for runs now and then."""

    name: str
    description: str | None
    job_names: tuple[str, ...]
    dynamic_partitions: tuple[str, ...]
    """Names of the project's dynamic partitions, whose keys a tick is given."""
    minimum_interval_seconds: int
    default_status: str


@dataclass(frozen=True)
class Digests:
    """Names one version of a project's code, the same on every host that has it."""

    manifest: str
    """Of what the project declares."""
    modules: str
    """Of the modules that the definitions module imports, without installed packages."""
    lock_file: str | None
    """Of the lock file that says which packages are installed; None where there is none."""

    def differences(self, other: Digests) -> tuple[str, ...]:
        """Which of the digests differ; a lock file that one host does not have is not compared."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in ("manifest", "modules", "lock_file")}
        return tuple(name for name, pair in pairs.items() if None not in pair and pair[0] != pair[1])


@dataclass(frozen=True)
class Manifest:
    """Everything a project declares, and the digests of its code."""

    dagma_version: str
    executor: Executor | None
    budgets: tuple[str, ...]
    in_process_values: tuple[tuple[str, str], ...]
    """Step and upstream asset of each value that only the process can load that stored it."""
    project_folder_values: tuple[tuple[str, str], ...]
    """The same of each value in a file of the project's folder."""
    has_instrument: bool
    """Whether its runs have telemetry."""
    steps: tuple[Step, ...]
    external_assets: tuple[Asset, ...]
    jobs: tuple[Job, ...]
    schedules: tuple[Schedule, ...]
    sensors: tuple[Sensor, ...]
    digests: Digests
