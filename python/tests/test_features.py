"""Every kind of definition, with the real TypeScript worker."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from tests.conftest import needs_package, typescript_project

pytestmark = needs_package

DEFINITIONS = """
import * as d from 'dagma'
import { z } from 'zod'
const days = d.dailyPartitions({ start: '2026-11-01', end: '2026-11-05', timezone: 'Europe/Berlin' })
const raw = d.asset({
  key: 'raw', partitions: days, owners: ['team:data'], tags: { domain: 'shop' }, codeVersion: '3', pool: 'db',
  checks: { not_empty: { blocking: true } },
  run: ({ partitionKey }) => {
    const checks = { not_empty: { passed: true } }
    return d.materializeResult([partitionKey], { metadata: { n: 1 }, dataVersion: 'v7', checks })
  },
})
const clean = d.asset({
  key: 'clean', partitions: days, inputs: { raw },
  run: ({ inputs }) => d.materializeResult(1, { metadata: { from: inputs.raw[0] ?? '' } }),
})
const all = d.asset({
  key: 'all', inputs: { raw: d.mapped(raw, d.PartitionMapping.specific(['2026-11-02'])) },
  automation: d.AutomationCondition.eager().and(d.AutomationCondition.anyDepsMissing().not()),
  run: ({ inputs: { raw } }) => d.materializeResult(Object.keys(raw).length, { metadata: { keys: Object.keys(raw) } }),
})
const flaky = d.asset({
  key: 'flaky', retryPolicy: d.retryPolicy({ maxRetries: 1, delaySeconds: 0.01 }),
  run: ({ retryNumber }) => { if (retryNumber < 1) throw new Error('not yet'); return retryNumber },
})
const never = d.asset({
  key: 'never', retryPolicy: d.retryPolicy({ maxRetries: 3 }),
  run: () => { throw new d.Failure('given up', { metadata: { rows: 3 }, allowRetries: false }) },
})
const bad = d.asset({ key: 'bad', run: () => 1 })
const tooSmall = d.assetCheck({
  asset: bad, name: 'big', blocking: true,
  run: async ({ load }) => ({ passed: (await load()) > 1, metadata: { limit: 1 }, description: 'too small' }),
})
const warned = d.assetCheck({ asset: bad, name: 'odd', run: () => ({ passed: false, severity: 'WARN' }) })
const afterBad = d.asset({ key: 'after_bad', deps: [bad], run: () => 2 })
const shop = d.multiAsset({
  name: 'shop', assets: { orders: {}, customers: { key: 'crm/customers', group: 'crm' } }, canSubset: true,
  run: ({ selected }) => Object.fromEntries([...selected].map((name) => [name, 1])),
})
const feed = d.observableAsset({ key: 'feed', run: () => ({ dataVersion: '7', metadata: { n: 1 } }) })
const busyFeed = d.observableAsset({
  key: 'busy_feed', retryPolicy: d.retryPolicy({ maxRetries: 1 }), pool: 'feeds',
  config: z.object({ limit: z.number().default(5) }),
  run: ({ retryNumber, config }) => {
    if (retryNumber === 0) throw new RangeError('busy')
    return { metadata: { limit: config.limit } }
  },
})
const strict = d.asset({
  key: 'strict', checks: { good: { blocking: true } },
  run: () => d.materializeResult(1, { checks: { good: { passed: false } } }),
})
const notify = (what) => ({ stepName, error, log }) =>
  log.warning(`${what} ${stepName}: ${error?.name}: ${error?.message}`)
const hooks = d.job({
  name: 'hooks', selection: [flaky, never, strict], onSuccess: notify('well'), onFailure: notify('failed'),
})
const plain = d.asset({ key: 'plain', run: () => 1 })
const outside = d.externalAsset({ key: 'outside', group: 'far' })
const customers = d.asset({
  key: 'customers', partitions: d.dynamicPartitions('names'), run: ({ partitionKey }) => `value of ${partitionKey}`,
})
const found = d.asset({
  key: 'found', config: z.object({ fail: z.boolean().default(false) }),
  run: async ({ addDynamicPartitions, deleteDynamicPartitions, listDynamicPartitions, config }) => {
    addDynamicPartitions('names', ['ada', 'bob'])
    deleteDynamicPartitions('names', ['old'])
    const [names, none] = await Promise.all([listDynamicPartitions('names'), listDynamicPartitions('other')])
    if (config.fail) throw new Error('lost')
    return d.materializeResult(1, { metadata: { names, none } })
  },
})
const allCustomers = d.asset({
  key: 'all_customers', inputs: { customers: d.mapped(customers, d.PartitionMapping.all()) },
  run: ({ inputs }) => d.materializeResult(1, { metadata: { customers: inputs.customers } }),
})
const job = d.job({
  name: 'job', selection: 'flaky,never,bad,after_bad', tags: { team: 'data' },
  onFailure: ({ stepName, log }) => log.warning(`hook ${stepName}`),
})
export default d.definitions({
  assets: [
    raw, clean, all, flaky, never, bad, afterBad, shop, feed, busyFeed, strict, outside, customers, allCustomers, found,
    plain,
  ],
  checks: [tooSmall, warned],
  jobs: [
    job, hooks, d.job({ name: 'days', selection: [raw, clean] }),
    d.job({ name: 'exits', selection: [plain], onSuccess: () => process.exit(0) }),
  ],
  schedules: [d.schedule({
    name: 'nightly', job, cronSchedule: '0 2 * * *',
    evaluate: ({ scheduledTime, log }) => {
      log.info('looking')
      if (scheduledTime.getUTCDate() === 1) return d.skipReason('first of the month')
      return d.runRequest({ tags: { at: scheduledTime.toISOString() } })
    },
  })],
  sensors: [d.sensor({
    name: 'watch', job,
    run: async ({ cursor, listDynamicPartitions }) => {
      if (cursor === 'names') return d.skipReason(`has ${await listDynamicPartitions('names')}`)
      if (cursor === 'unknown') return d.skipReason(`has ${await listDynamicPartitions('nobody')}`)
      if (cursor === 'end') throw new Error('lost')
      if (cursor === '2') return d.skipReason('nothing new')
      return {
        runRequests: [d.runRequest({ runKey: 'a' })], cursor: '2',
        dynamicPartitions: [{ partitions: 'names', add: ['x'] }],
      }
    },
  }), d.sensor({
    name: 'leaves_a_pool_open', job,
    run: () => {
      setInterval(() => {}, 1000)
      return d.runRequest({ runKey: 'open' })
    },
  }), d.sensor({
    name: 'never_ends', job,
    run: () => {
      process.on('exit', () => { for (;;); })
      return d.runRequest({ runKey: 'endless' })
    },
  })],
})
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return typescript_project(tmp_path_factory.mktemp("features") / "project", DEFINITIONS)


@pytest.fixture
def defs(project: Path) -> dg.Definitions:
    return dagma.load_definitions(project)


def run(defs: dg.Definitions, instance: dg.DagsterInstance, job: str, **how: Any) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False, **how)


def of_type(result: dg.ExecuteInProcessResult, kind: str) -> list[dg.DagsterEvent]:
    return [event for event in result.all_events if event.event_type_value == kind]


def materialized(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetMaterialization]:
    events = result.get_asset_materialization_events()
    return {event.materialization.asset_key.to_user_string(): event.materialization for event in events}


def test_declarations(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    raw = specs["raw"]
    assert (raw.owners, raw.tags["domain"], raw.code_version) == (["team:data"], "shop", "3")
    assert isinstance(raw.partitions_def, dg.DailyPartitionsDefinition)
    assert raw.partitions_def.get_partition_keys() == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]
    assert specs["all"].automation_condition == (
        dg.AutomationCondition.eager() & ~dg.AutomationCondition.any_deps_missing()
    )
    assert specs["outside"].group_name == "far"
    assert defs.get_assets_def("raw").op.pools == {"db"}
    assert defs.resolve_job_def("job").tags["team"] == "data"


def constants(event: dg.AssetMaterialization | dg.AssetObservation) -> dict[str, str]:
    """The facts that an asset's page need not show, from the event's tags; none of them is in the metadata too."""
    found = {name: (event.tags or {})[f"dagma/{name}"] for name in ("event_type", "status", "retry_count")}
    assert not found.keys() & event.metadata.keys()
    return found


def test_partitions(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    made = materialized(run(defs, instance, "days", partition_key="2026-11-02"))
    assert made["raw"].partition == "2026-11-02"
    assert (made["raw"].tags or {})["dagster/data_version"] == "v7"
    assert made["clean"].metadata["from"].value == "2026-11-02"
    assert constants(made["raw"]) == {"event_type": "materialization", "status": "success", "retry_count": "0"}
    keys = run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey("all")])
    assert materialized(keys)["all"].metadata["keys"].value == ["2026-11-02"]


def test_all_dynamic_partitions(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    names = ["Zoë", "a|b", "x"]
    instance.add_dynamic_partitions("names", names)
    for name in names:
        made = run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey("customers")], partition_key=name)
        assert made.success
    result = run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey("all_customers")])
    assert materialized(result)["all_customers"].metadata["customers"].value == {
        name: f"value of {name}" for name in names
    }


def test_a_step_changes_dynamic_partitions_when_it_succeeds(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("names", ["old"])
    failed = run(
        defs,
        instance,
        "__ASSET_JOB",
        asset_selection=[dg.AssetKey("found")],
        run_config={"ops": {"found": {"config": {"fail": True}}}},
    )
    assert not failed.success
    assert instance.get_dynamic_partitions("names") == ["old"]
    found = run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey("found")])
    assert found.success
    metadata = materialized(found)["found"].metadata
    assert (metadata["names"].value, metadata["none"].value) == (["old"], [])
    assert instance.get_dynamic_partitions("names") == ["ada", "bob"]


def test_inline_check(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    (evaluation,) = run(defs, instance, "days", partition_key="2026-11-01").get_asset_check_evaluations()
    assert (evaluation.check_name, evaluation.passed, evaluation.blocking) == ("not_empty", True, True)


def test_retries_failures_and_blocking_checks(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    result = run(defs, instance, "job")
    assert not result.success
    assert [event.step_key for event in of_type(result, "STEP_UP_FOR_RETRY")] == ["flaky"]
    failed = {event.step_key: event.event_specific_data for event in of_type(result, "STEP_FAILURE")}
    assert set(failed) == {"never", "bad_big"}
    data: Any = failed["never"]
    assert data.user_failure_data.metadata["rows"].value == 3
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks["big"].description == "too small"
    assert checks["big"].metadata["limit"].value == 1
    assert (checks["odd"].passed, checks["odd"].severity) == (False, dg.AssetCheckSeverity.WARN)
    assert set(materialized(result)) == {"flaky", "bad"}


def test_hook_on_failure_runs_when_no_try_is_left(
    defs: dg.Definitions, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    run(defs, instance, "job")
    said = capfd.readouterr().err
    assert "hook never" in said
    assert "hook flaky" not in said


def test_a_hook_that_ends_the_process_is_an_error_of_the_hook(
    defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    result = run(defs, instance, "exits")
    (errored,) = of_type(result, "HOOK_ERRORED")
    assert "[DAGMA_PROCESS_EXITED]" in str(errored.event_specific_data)
    assert of_type(result, "HOOK_COMPLETED") == []


def hook_lines(result: dg.ExecutionResult, instance: dg.DagsterInstance) -> list[tuple[str, str]]:
    """The log lines of the hooks, each with the last event of its step before it."""
    lines: list[tuple[str, str]] = []
    last: dict[str, str] = {}
    for entry in instance.all_logs(result.run_id):
        key = entry.step_key or ""
        if entry.dagster_event is not None:
            kind = entry.dagster_event.event_type_value
            last[key] = kind if kind.startswith("STEP_") else last.get(key, "")
        elif entry.user_message.startswith(("well ", "failed ")):
            lines.append((entry.user_message, last[key]))
    return sorted(lines)


def test_hooks_run_after_the_record_with_the_users_own_error(
    defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    result = run(defs, instance, "hooks")
    lines = hook_lines(result, instance)
    assert [(line.split(". ")[0], last) for line, last in lines] == [
        ("failed never: Failure: given up", "STEP_FAILURE"),
        ("failed strict: UserCodeError: Blocking checks failed: strict:good", "STEP_FAILURE"),
        ("well flaky: undefined: undefined", "STEP_SUCCESS"),
    ]
    failed: Any = {event.step_key: event.event_specific_data for event in of_type(result, "STEP_FAILURE")}
    metadata = failed["strict"].user_failure_data.metadata
    assert {name: metadata[name].value for name in ("event_type", "status", "retry_count", "error_type")} == {
        "event_type": "failure",
        "status": "failure",
        "retry_count": 0,
        "error_type": "DAGMA_CHECKS_FAILED",
    }


def hooks_job() -> dg.JobDefinition:
    return dagma.load_definitions(os.environ["FEATURES_PROJECT"]).resolve_job_def("hooks")


def test_hook_on_failure_runs_when_dagster_retries_nothing(
    project: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATURES_PROJECT", str(project))
    config: Any = {"execution": {"config": {"retries": {"disabled": {}}}}}
    with dg.execute_job(dg.reconstructable(hooks_job), instance, run_config=config) as result:
        lines = hook_lines(result, instance)
    assert ("failed flaky: Error: not yet", "STEP_FAILURE") in lines


def test_an_observation_has_its_retry_policy_pool_and_config(
    defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    assert defs.resolve_assets_def(dg.AssetKey("busy_feed")).op.pool == "feeds"
    config = {"ops": {"busy_feed": {"config": {"limit": 7}}}}
    result = run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey("busy_feed")], run_config=config)
    assert result.success
    assert [event.step_key for event in of_type(result, "STEP_UP_FOR_RETRY")] == ["busy_feed"]
    (event,) = of_type(result, "ASSET_OBSERVATION")
    data: Any = event.event_specific_data
    assert data.asset_observation.metadata["limit"].value == 7


def test_subset(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    one = run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey(["crm", "customers"])])
    assert set(materialized(one)) == {"crm/customers"}


def test_observation(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    result = run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey("feed")])
    (event,) = of_type(result, "ASSET_OBSERVATION")
    data: Any = event.event_specific_data
    observation = data.asset_observation
    assert (observation.data_version, observation.metadata["n"].value) == ("7", 1)
    assert constants(observation) == {"event_type": "observation", "status": "success", "retry_count": "0"}


def test_schedule(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    schedule = defs.get_schedule_def("nightly")

    def tick(day: int) -> Any:
        at = datetime.datetime(2026, 1, day, 2, tzinfo=datetime.timezone.utc)
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
        return schedule.evaluate_tick(context)

    (request,) = tick(2).run_requests
    assert request.tags["at"] == "2026-01-02T02:00:00.000Z"
    assert tick(1).skip_message == "first of the month"


@pytest.mark.parametrize(("name", "run_key"), [("leaves_a_pool_open", "open"), ("never_ends", "endless")])
def test_an_answer_counts_once_it_was_read(
    defs: dg.Definitions, instance: dg.DagsterInstance, name: str, run_key: str
) -> None:
    context = dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def())
    requests = defs.get_sensor_def(name).evaluate_tick(context).run_requests
    assert [request.run_key for request in requests or ()] == [run_key]


def test_sensor(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    sensor = defs.get_sensor_def("watch")

    def tick(cursor: str | None) -> Any:
        repository = defs.get_repository_def()
        return sensor.evaluate_tick(
            dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
        )

    first = tick(None)
    assert [(asked.run_key, asked.run_config) for asked in first.run_requests] == [("a", {})]
    assert first.cursor == "2"
    assert first.dynamic_partitions_requests[0].partition_keys == ["x"]
    assert tick("2").skip_message == "nothing new"
    instance.add_dynamic_partitions("names", ["ada", "bob"])
    assert tick("names").skip_message == "has ada,bob"
    with pytest.raises(dagma.DagmaError, match='not "nobody"'):
        tick("unknown")
    with pytest.raises(dagma.DagmaError, match="lost"):
        tick("end")
