"""The real TypeScript worker on a small project, when packages/dagma is built."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import dagma
from dagma.errors import DefinitionError
from tests.conftest import failure, find_node, needs_package, typescript_project

pytestmark = needs_package

DEFINITIONS = """
import { asset, definitions, job, materializeResult, MetadataValue, schedule } from 'dagma'
import { z } from 'zod'

const rawNumbers = asset({
  key: 'raw_numbers',
  group: 'data',
  description: 'Numbers to start from.',
  run: ({ log }) => {
    log.warning('from TypeScript')
    console.log('printed by TypeScript')
    return materializeResult([1, 2, 3, 4], { metadata: { page: MetadataValue.url('https://example.com/raw') } })
  },
})

const sumNumbers = asset({
  key: ['warehouse', 'sum_numbers'],
  group: 'data',
  inputs: { numbers: rawNumbers },
  config: z.object({ factor: z.number().default(1) }),
  run: ({ inputs, config }) => {
    const result = config.factor * inputs.numbers.reduce((a, b) => a + b, 0)
    return materializeResult(result, { metadata: { result } })
  },
})

const broken = asset({
  key: 'broken',
  run: () => {
    throw new Error('it broke', { cause: new TypeError('deep inside') })
  },
})

const numbersJob = job({ name: 'numbers_job', selection: 'group:data' })
export default definitions({
  assets: [rawNumbers, sumNumbers, broken],
  jobs: [numbersJob, job({ name: 'broken_job', selection: 'broken' })],
  schedules: [schedule({ name: 'numbers_daily', job: numbersJob, cronSchedule: '0 2 * * *' })],
})
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return typescript_project(tmp_path / "project", DEFINITIONS)


def test_run(project: Path, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]) -> None:
    job = dagma.load_definitions(project).resolve_job_def("numbers_job")
    config = {"ops": {"warehouse__sum_numbers": {"config": {"factor": 2}}}}
    result = job.execute_in_process(instance=instance, run_config=config)
    (raw,) = result.asset_materializations_for_node("raw_numbers")
    (total,) = result.asset_materializations_for_node("warehouse__sum_numbers")
    assert raw.metadata["page"] == dg.MetadataValue.url("https://example.com/raw")
    assert total.metadata["result"] == dg.MetadataValue.int(20)
    messages = [(entry.level, entry.user_message) for entry in instance.all_logs(result.run_id)]
    assert (30, "from TypeScript") in messages
    assert not [text for _, text in messages if "have changed since" in text]
    assert "printed by TypeScript" in capfd.readouterr().out


def test_failure(project: Path, instance: dg.DagsterInstance) -> None:
    job = dagma.load_definitions(project).resolve_job_def("broken_job")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    message = failure(result, "broken")
    assert 'UserCodeError: Step "broken" failed: it broke. Fix the error below. [DAGMA_STEP_FAILED]' in message
    assert "src/definitions.ts:" in message
    assert "Caused by:\nTypeError: deep inside" in message
    assert message.count("it broke") == 1


def test_definitions(project: Path) -> None:
    definitions = dagma.load_definitions(project)
    dg.Definitions.validate_loadable(definitions)
    spec = definitions.get_assets_def("raw_numbers").get_asset_spec()
    (place,) = spec.metadata["dagster/code_references"].code_references
    assert (place.file_path, place.line_number) == (str(project / "src" / "definitions.ts"), 5)


def test_wrong_definitions(project: Path) -> None:
    source = project / "src" / "definitions.ts"
    source.write_text(DEFINITIONS.replace("key: 'broken'", "key: 'raw_numbers'"))
    with pytest.raises(DefinitionError, match="raw_numbers"):
        dagma.load_definitions(project)


def test_plain_pipes_client(project: Path, instance: dg.DagsterInstance) -> None:
    """A Dagster that knows nothing of Dagma, whose own assets start the project by `dagma pipes`."""
    command = [find_node(), str(project / "node_modules" / "dagma" / "bin" / "dagma.js"), "pipes"]

    def start(context: dg.AssetExecutionContext, *arguments: str) -> Any:
        client = dg.PipesSubprocessClient()
        return client.run(context=context, command=[*command, *arguments], cwd=str(project)).get_results()

    @dg.multi_asset(
        specs=[dg.AssetSpec("raw_numbers"), dg.AssetSpec(["warehouse", "sum_numbers"], deps=["raw_numbers"])]
    )
    def numbers(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        return start(context, "--config", '{"warehouse__sum_numbers": {"factor": 3}}')

    @dg.asset
    def broken(context: dg.AssetExecutionContext) -> Any:
        return start(context)

    @dg.asset
    def other(context: dg.AssetExecutionContext) -> Any:
        return start(context, "--select", "raw_numbers")

    result = dg.materialize([numbers, broken, other], instance=instance, raise_on_error=False)
    raw, total = result.asset_materializations_for_node("numbers")
    assert raw.metadata["page"] == dg.MetadataValue.url("https://example.com/raw")
    assert total.asset_key == dg.AssetKey(["warehouse", "sum_numbers"])
    assert total.metadata["result"] == dg.MetadataValue.int(30)
    messages = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert "from TypeScript" in messages
    assert "Made raw_numbers, which is not an asset of this step." in messages
    assert [text for text in messages if text.startswith('Step "broken" failed: it broke.')]
    events = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
    (error,) = [event.engine_event_data.error for event in events if "closed with exception" in (event.message or "")]
    assert error is not None
    assert "it broke" in error.to_string()
    assert "deep inside" in error.to_string()
