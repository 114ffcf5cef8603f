"""A plain TypeScript script, no Dagma project, under the real readers of Dagster Pipes; needs packages/dagma built."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import boto3  # type: ignore[import-untyped]
import dagster as dg
import pytest
from dagster_aws.pipes import PipesLambdaLogsMessageReader, PipesS3ContextInjector, PipesS3MessageReader
from dagster_pipes import encode_param
from moto.server import ThreadedMotoServer

from tests.conftest import PACKAGE, REPOSITORY, find_node, needs_package

SCRIPT = REPOSITORY / "tests" / "support" / "pipes-script.ts"
BUCKET = "pipes"

pytestmark = needs_package

Use: TypeAlias = Callable[[dg.AssetExecutionContext], Any]


@pytest.fixture
def script(tmp_path: Path) -> list[str]:
    """The command that runs the script from a folder that only has the package `dagma`."""
    folder = tmp_path / "script"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "node_modules" / "dagma").symlink_to(PACKAGE)
    (folder / "package.json").write_text('{"type":"module"}')
    return [find_node(), str(shutil.copy(SCRIPT, folder / "script.ts"))]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A client of a server that speaks as S3 does, to which the environment leads the AWS SDKs."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


def run_in_asset(instance: dg.DagsterInstance, use: Use, code_version: str | None = None) -> dg.ExecuteInProcessResult:
    """A run of an asset `sums` whose function is `use`."""

    @dg.asset(name="sums", code_version=code_version)
    def sums(context: dg.AssetExecutionContext) -> Any:
        return use(context)

    return dg.materialize([sums], instance=instance, raise_on_error=False)


def custom_messages(
    client: dg.PipesSubprocessClient, script: list[str], case: str, code_version: str | None = None
) -> list[Any]:
    """The message of the script's case, sent with `reportCustomMessage`."""
    found: list[Any] = []

    def use(context: dg.AssetExecutionContext) -> Any:
        invocation = client.run(context=context, command=script, extras={"case": case})
        found.extend(invocation.get_custom_messages())
        return invocation.get_results()

    with dg.DagsterInstance.ephemeral() as instance:
        assert run_in_asset(instance, use, code_version).success
    return found


COLUMN = dg.TableColumn("n", "int", description="how many")
LINEAGE = dg.TableColumnLineage({"n": [dg.TableColumnDep(dg.AssetKey(["warehouse", "orders"]), "id")]})
EVERY_TYPE: dict[str, Any] = {
    "text": dg.MetadataValue.text("plain"),
    "md": dg.MetadataValue.md("# title"),
    "json": dg.MetadataValue.json({"a": [1, None, "π"]}),
    "json_number": dg.MetadataValue.float(1.5),
    "url": dg.MetadataValue.url("https://example.com/a?b=c#d"),
    "path": dg.MetadataValue.path("/tmp/a b"),  # noqa: S108
    "notebook": dg.MetadataValue.notebook("/tmp/a.ipynb"),  # noqa: S108
    "int": dg.MetadataValue.int(-9007199254740991),
    "float": dg.MetadataValue.float(0.1),
    "whole_float": dg.MetadataValue.float(5.0),
    "huge_float": dg.MetadataValue.float(1e300),
    "bool": dg.MetadataValue.bool(False),
    "timestamp": dg.MetadataValue.timestamp(1_700_000_000.0),
    "null": dg.MetadataValue.null(),
    "asset": dg.MetadataValue.asset(dg.AssetKey(["warehouse", "orders"])),
    "dagster_run": dg.MetadataValue.dagster_run("0b0c5c1e-0000-4000-8000-000000000000"),
    "table": dg.MetadataValue.table(
        records=[dg.TableRecord({"day": "Monday", "n": 1})],
        schema=dg.TableSchema([dg.TableColumn("day", "string"), dg.TableColumn("n", "int")]),
    ),
    "table_schema": dg.MetadataValue.table_schema(dg.TableSchema([COLUMN])),
    "lineage": dg.MetadataValue.column_lineage(LINEAGE),
    "plain_text": dg.MetadataValue.text("a line\u2028and another \U0001f600"),
    "plain_int": dg.MetadataValue.int(7),
    "plain_float": dg.MetadataValue.float(0.5),
    "plain_bool": dg.MetadataValue.bool(True),
    "plain_null": dg.MetadataValue.null(),
    "plain_date": dg.MetadataValue.timestamp(1_700_000_000.5),
    "plain_list": dg.MetadataValue.json([1, "two"]),
    "plain_object": dg.MetadataValue.json({"raw_value": 1}),
    "raw_int": dg.MetadataValue.int(3),
    "raw_whole_float": dg.MetadataValue.float(3.0),
    "raw_md": dg.MetadataValue.md("*a*"),
    "raw_inferred": dg.MetadataValue.text("text"),
    "raw_table": dg.MetadataValue.table(
        records=[dg.TableRecord({"a": 1})], schema=dg.TableSchema([dg.TableColumn("a", "int")])
    ),
}


def test_metadata(script: list[str], instance: dg.DagsterInstance) -> None:
    client = dg.PipesSubprocessClient()

    def use(context: dg.AssetExecutionContext) -> Any:
        return client.run(context=context, command=script, extras={"case": "metadata"}).get_materialize_result()

    result = run_in_asset(instance, use)
    assert result.success
    (event,) = instance.fetch_materializations(dg.AssetKey("sums"), limit=1).records
    found = event.asset_materialization
    assert found is not None
    assert {key: value for key, value in found.metadata.items() if not key.startswith("dagster/")} == EVERY_TYPE
    assert (found.tags or {})["dagster/data_version"] == "v1"


def test_several_assets(script: list[str], instance: dg.DagsterInstance) -> None:
    orders = dg.AssetKey(["warehouse", "orders"])

    @dg.multi_asset(
        specs=[dg.AssetSpec("sums"), dg.AssetSpec(orders)],
        check_specs=[dg.AssetCheckSpec("positive", asset="sums"), dg.AssetCheckSpec("fresh", asset=orders)],
    )
    def both(context: dg.AssetExecutionContext) -> Iterator[Any]:
        client = dg.PipesSubprocessClient()
        yield from client.run(context=context, command=script, extras={"case": "several"}).get_results()

    result = dg.materialize([both], instance=instance)
    made = {event.asset_key: event.materialization for event in result.get_asset_materialization_events()}
    assert {key: found.metadata["n"] for key, found in made.items() if key is not None} == {
        dg.AssetKey("sums"): dg.MetadataValue.int(2),
        orders: dg.MetadataValue.int(1),
    }
    assert (made[orders].tags or {})["dagster/data_version"] == "alpha"
    checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    positive, fresh = checks["positive"], checks["fresh"]
    assert (positive.asset_key, positive.passed, positive.severity) == (
        dg.AssetKey("sums"),
        True,
        dg.AssetCheckSeverity.ERROR,
    )
    assert positive.metadata["share"] == dg.MetadataValue.float(1.0)
    assert (fresh.asset_key, fresh.passed, fresh.severity) == (orders, False, dg.AssetCheckSeverity.WARN)


def test_logs(script: list[str], instance: dg.DagsterInstance) -> None:
    client = dg.PipesSubprocessClient()

    def use(context: dg.AssetExecutionContext) -> Any:
        return client.run(context=context, command=script, extras={"case": "logs"}).get_results()

    result = run_in_asset(instance, use)
    assert result.success
    logged = [(entry.level, entry.user_message) for entry in instance.all_logs(result.run_id)]
    levels = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
    for name, level in levels.items():
        assert (level, f"at {name}") in logged
    assert (20, "two lines\nof π, \u2028, half of \ufffd and \U0001f600") in logged


def test_custom_messages(script: list[str]) -> None:
    expected = ["text", 1, 1.5, True, None, [1, ["two"]], {"a": {"b": None}}, "π\u2028"]
    assert custom_messages(dg.PipesSubprocessClient(), script, "custom") == expected


def test_order(script: list[str]) -> None:
    assert custom_messages(dg.PipesSubprocessClient(), script, "many") == list(range(500))


def test_context(script: list[str]) -> None:
    client = dg.PipesSubprocessClient(context_injector=dg.PipesEnvContextInjector())
    (received,) = custom_messages(client, script, "context", code_version="v2")
    assert len(received.pop("runId")) == 36
    assert received == {
        "jobName": "__ephemeral_asset_job__",
        "retryNumber": 0,
        "isAssetStep": True,
        "assetKey": "sums",
        "assetKeys": ["sums"],
        "codeVersion": "v2",
        "codeVersionByAssetKey": {"sums": "v2"},
        "provenance": None,
        "isPartitionStep": False,
        "partitionKey": "DAGMA_PIPES_UNDEFINED",
        "partitionKeyRange": "DAGMA_PIPES_UNDEFINED",
        "partitionTimeWindow": "DAGMA_PIPES_UNDEFINED",
        "extras": {"case": "context"},
    }


def test_context_of_a_partition_made_before(script: list[str], instance: dg.DagsterInstance) -> None:
    received: list[Any] = []

    @dg.asset(partitions_def=dg.DailyPartitionsDefinition("2020-01-01"), code_version="v2")
    def sums(context: dg.AssetExecutionContext) -> Any:
        invocation = dg.PipesSubprocessClient().run(context=context, command=script, extras={"case": "context"})
        received.extend(invocation.get_custom_messages())
        return invocation.get_results()

    for _ in range(2):
        assert dg.materialize([sums], instance=instance, partition_key="2020-01-02").success
    assert received[0]["provenance"] is None
    assert received[1]["provenance"] == {"codeVersion": "v2", "inputDataVersions": {}, "isUserProvided": False}
    assert received[1]["partitionKey"] == "2020-01-02"
    assert received[1]["partitionKeyRange"] == {"start": "2020-01-02", "end": "2020-01-02"}
    assert received[1]["partitionTimeWindow"] == {
        "start": "2020-01-02T00:00:00+00:00",
        "end": "2020-01-03T00:00:00+00:00",
    }


def test_error(script: list[str], instance: dg.DagsterInstance) -> None:
    client = dg.PipesSubprocessClient()

    def use(context: dg.AssetExecutionContext) -> Any:
        return client.run(context=context, command=script, extras={"case": "error"}).get_results()

    result = run_in_asset(instance, use)
    assert not result.success
    ((text, error),) = [
        (entry.user_message, entry.dagster_event.event_specific_data.error)  # type: ignore[union-attr]
        for entry in instance.all_logs(result.run_id)
        if entry.dagster_event and "closed with exception" in (entry.dagster_event.message or "")
    ]
    assert text
    chain = []
    while error is not None:
        chain.append((error.cls_name, error.message))
        assert "script.ts:" in error.stack[0]
        error = error.cause
    assert chain == [
        ("Error", "Very bad error has happened!"),
        ("TypeError", "no such table"),
        ("RangeError", "connection refused"),
    ]


def test_wrong_uses(script: list[str], instance: dg.DagsterInstance) -> None:
    codes: list[Any] = []

    @dg.multi_asset(specs=[dg.AssetSpec("sums"), dg.AssetSpec(["warehouse", "orders"])])
    def both(context: dg.AssetExecutionContext) -> Iterator[Any]:
        invocation = dg.PipesSubprocessClient().run(context=context, command=script, extras={"case": "uses"})
        codes.extend(*invocation.get_custom_messages())
        yield from invocation.get_results()

    assert dg.materialize([both], instance=instance).success
    assert codes == [
        "DAGMA_PIPES_ASSET_KEY",
        "DAGMA_PIPES_ASSET_KEY",
        "DAGMA_METADATA_INVALID",
        None,
        "DAGMA_PIPES_REPORT_INVALID",
        "DAGMA_PIPES_ASSET_KEY",
        "DAGMA_PIPES_REPORT_INVALID",
    ]


def test_secrets(script: list[str], instance: dg.DagsterInstance, tmp_path: Path) -> None:
    canary = "canary-value-0123"
    messages = tmp_path / "messages"
    reader = dg.PipesFileMessageReader(str(messages), include_stdio_in_messages=True, cleanup_file=False)
    client = dg.PipesSubprocessClient(env={"PIPES_TEST_SECRET": canary}, message_reader=reader)

    def use(context: dg.AssetExecutionContext) -> Any:
        return client.run(context=context, command=script, extras={"case": "secrets"}).get_results()

    assert not run_in_asset(instance, use).success
    written = messages.read_text()
    assert canary not in written
    assert written.count("[redacted]") == 7


def test_parameters_on_the_command_line(script: list[str], instance: dg.DagsterInstance) -> None:
    found: list[Any] = []

    def use(context: dg.AssetExecutionContext) -> Any:
        injector, reader = dg.PipesTempFileContextInjector(), dg.PipesTempFileMessageReader()
        with dg.open_pipes_session(context, injector, reader, extras={"case": "context"}) as session:
            flags = [part for pair in session.get_bootstrap_cli_arguments().items() for part in pair]
            subprocess.run([*script, *flags], check=True)
        found.extend(session.get_custom_messages())
        return session.get_results()

    assert run_in_asset(instance, use).success
    assert found[0]["extras"] == {"case": "context"}


def test_lambda_logs(script: list[str], instance: dg.DagsterInstance) -> None:
    """Lambda gives the end of the log after the call: messages are kept until then, apart from what else is printed."""
    found: list[Any] = []

    def use(context: dg.AssetExecutionContext) -> Any:
        injector, reader = dg.PipesEnvContextInjector(), PipesLambdaLogsMessageReader()
        with dg.open_pipes_session(context, injector, reader, extras={"case": "custom"}) as session:
            ran = subprocess.run(script, env=session.get_bootstrap_env_vars(), check=True, stderr=subprocess.PIPE)
            reader.consume_lambda_logs({"LogResult": base64.b64encode(ran.stderr)})
        found.extend(session.get_custom_messages())
        return session.get_results()

    assert run_in_asset(instance, use).success
    assert len(found) == 8


class StdoutReader(dg.PipesMessageReader):
    """Takes messages out of what the process prints, as the readers of Docker and Kubernetes logs do."""

    def __init__(self, stream: str) -> None:
        self._stream = stream

    @contextmanager
    def read_messages(self, handler: dg.PipesMessageHandler) -> Iterator[Mapping[str, str]]:
        self.handler = handler
        yield {"stdio": self._stream}

    def no_messages_debug_text(self) -> str:
        return ""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_stdio(script: list[str], instance: dg.DagsterInstance, stream: str) -> None:
    found: list[Any] = []

    def use(context: dg.AssetExecutionContext) -> Any:
        reader = StdoutReader(stream)
        with dg.open_pipes_session(context, dg.PipesEnvContextInjector(), reader, {"case": "custom"}) as session:
            ran = subprocess.run(script, env=session.get_bootstrap_env_vars(), check=True, capture_output=True)
            for line in getattr(ran, stream).splitlines():
                reader.handler.handle_message(json.loads(line))
        found.extend(session.get_custom_messages())
        return session.get_results()

    assert run_in_asset(instance, use).success
    assert len(found) == 8


@pytest.mark.parametrize("name", ["temporary_file", "file", "s3"])
def test_prints(script: list[str], s3: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    asked: dict[str, Any] = {"include_stdio_in_messages": True}
    readers: dict[str, Callable[[], dg.PipesMessageReader]] = {
        "temporary_file": lambda: dg.PipesTempFileMessageReader(**asked),
        "file": lambda: dg.PipesFileMessageReader(str(tmp_path / "messages"), **asked),
        "s3": lambda: PipesS3MessageReader(bucket=BUCKET, client=s3, interval=0.1, **asked),
    }
    # The process's own output is discarded: the rest came in messages.
    command = ["/bin/sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh", *script]
    custom_messages(dg.PipesSubprocessClient(message_reader=readers[name]()), command, "prints")
    captured = capfd.readouterr()
    assert "printed by the script\n" in captured.out
    assert "printed by its child\n" in captured.out
    assert "not ended" in captured.out
    assert "complained the script\n" in captured.err


class FolderReader(dg.PipesBlobStoreMessageReader):
    """Reads numbered files of a folder, as the readers of mounted volumes do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(interval=0.1)
        self._folder = folder

    @contextmanager
    def get_params(self) -> Iterator[Mapping[str, str]]:
        yield {"path": str(self._folder)}

    def messages_are_readable(self, params: Mapping[str, Any]) -> bool:  # noqa: ARG002
        return True

    def download_messages_chunk(self, index: int, params: Mapping[str, Any]) -> str | None:  # noqa: ARG002
        chunk = self._folder / f"{index}.json"
        return chunk.read_text() if chunk.exists() else None

    def no_messages_debug_text(self) -> str:
        return ""


def test_folder(script: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    client = dg.PipesSubprocessClient(message_reader=FolderReader(folder))
    assert custom_messages(client, script, "many") == list(range(500))


def test_s3(script: list[str], s3: Any) -> None:
    client = dg.PipesSubprocessClient(
        context_injector=PipesS3ContextInjector(bucket=BUCKET, client=s3),
        message_reader=PipesS3MessageReader(bucket=BUCKET, client=s3, interval=0.1),
    )
    assert custom_messages(client, script, "many") == list(range(500))


@pytest.mark.usefixtures("s3")
def test_s3_bucket_that_is_not_there(script: list[str]) -> None:
    params = {"bucket": "no-such-bucket", "key_prefix": "a"}
    context = {"data": {"run_id": "r", "asset_keys": ["sums"], "extras": {"case": "custom"}}}
    env = {"DAGSTER_PIPES_CONTEXT": encode_param(context), "DAGSTER_PIPES_MESSAGES": encode_param(params)}
    ran = subprocess.run(script, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "Messages could not be delivered to Dagster: The specified bucket does not exist" in ran.stderr
