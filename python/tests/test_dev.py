"""`python -m dagma.dev`: the real `dagster dev`, and what it does not do for pages of other origins."""

from __future__ import annotations

import base64
import http.client
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import find_node
from tests.dagster_server import DagsterServer, processes_of, until
from tests.test_launcher import make_project

QUERY = "{ __typename }"
MUTATION = "mutation { reloadWorkspace { __typename } }"
READS = f"/graphql?query={quote(QUERY)}"
MUTATES = f"/graphql?query={quote(MUTATION)}"
REPORT = "/report_asset_materialization/good"
EVIL = {"Origin": "http://evil.example"}
CROSS_SITE = {"Sec-Fetch-Site": "cross-site"}
LINK = {**CROSS_SITE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
JSON = {"Content-Type": "application/json"}
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
    "Sec-WebSocket-Protocol": "graphql-ws",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterServer]:
    os.environ["DAGMA_NODE"] = find_node()
    found = DagsterServer(make_project(tmp_path_factory.mktemp("project")), "dagma.dev")
    try:
        yield found
    finally:
        found.stop()
        found.kill()


def status(server: DagsterServer, method: str, path: str, headers: dict[str, str], body: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        named = {name: value.replace("PORT", str(server.port)) for name, value in headers.items()}
        connection.request(method, path, body, named)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/server_info", EVIL, None),
        ("GET", "/server_info", {"Host": "evil.example:PORT"}, None),
        ("GET", "/server_info", {"Host": "evil.example:PORT", "Origin": "http://evil.example:PORT"}, None),
        ("GET", "/server_info", {"Host": "127.0.0.1.evil.example"}, None),
        ("GET", "/server_info", {"Host": "127.0.0.1@evil.example"}, None),
        ("GET", "/server_info", {"Host": ""}, None),
        ("GET", "/server_info", {"Origin": "null"}, None),
        ("GET", "/server_info", {"Origin": ""}, None),
        ("GET", "/server_info", {"Origin": "http://127.0.0.1:1"}, None),
        ("GET", "/server_info", CROSS_SITE, None),
        ("GET", "/server_info", {"Sec-Fetch-Site": "same-site"}, None),
        ("GET", "/runs", {**LINK, "Sec-Fetch-Dest": "iframe"}, None),
        ("GET", READS, LINK, None),
        ("GET", MUTATES, {}, None),
        ("HEAD", MUTATES, {}, None),
        ("GET", f"/graphql?query={quote('query A { __typename } ' + MUTATION.replace('{', 'B {', 1))}", {}, None),
        ("POST", "/graphql", {**EVIL, **JSON}, json.dumps({"query": QUERY})),
        ("POST", MUTATES, {**EVIL, "Content-Type": "text/plain"}, ""),
        ("POST", MUTATES, {**CROSS_SITE, "Content-Type": "text/plain"}, ""),
        ("POST", MUTATES, {**LINK, "Content-Type": "text/plain"}, ""),
        ("POST", REPORT, EVIL, None),
        ("POST", REPORT, CROSS_SITE, None),
        ("GET", "/graphql", {**WEBSOCKET, **EVIL}, None),
        ("GET", "/graphql", {**WEBSOCKET, "Host": "evil.example"}, None),
    ],
)
def test_pages_of_other_origins_are_refused(
    server: DagsterServer, method: str, path: str, headers: dict[str, str], body: str | None
) -> None:
    assert status(server, method, path, headers, body) == 403


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "expected"),
    [
        ("GET", "/server_info", {}, None, 200),
        ("GET", "/server_info", {"Host": "localhost:PORT", "Origin": "http://localhost:PORT"}, None, 200),
        ("GET", "/server_info", {"Host": "[::1]:9"}, None, 200),
        ("GET", "/server_info", {"Sec-Fetch-Site": "same-origin"}, None, 200),
        ("GET", "/runs", LINK, None, 200),
        ("GET", READS, {}, None, 200),
        ("POST", "/graphql", JSON, json.dumps({"query": MUTATION}), 200),
        ("POST", "/graphql", {**JSON, "Origin": "http://127.0.0.1:PORT"}, json.dumps({"query": MUTATION}), 200),
        ("POST", REPORT, JSON, json.dumps({"metadata": {"rows": 3}}), 200),
        ("GET", "/graphql", WEBSOCKET, None, 101),
        ("GET", "/graphql", {**WEBSOCKET, "Origin": "http://127.0.0.1:PORT"}, None, 101),
    ],
)
def test_its_own_page_and_programs_are_served(
    server: DagsterServer, method: str, path: str, headers: dict[str, str], body: str | None, expected: int
) -> None:
    assert status(server, method, path, headers, body) == expected


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    server = DagsterServer(make_project(tmp_path), "dagma.dev")
    try:
        server.launch("sleeps")
        until((server.project / "sleeping").exists)
        assert server.process.stdin is not None
        server.process.stdin.close()
        until(lambda: not processes_of(server.project))
        assert (server.project / "cancelled").exists()
    finally:
        server.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel kills the children of a process on Linux only")
def test_its_web_server_and_daemon_do_not_outlive_it(tmp_path: Path) -> None:
    server = DagsterServer(make_project(tmp_path), "dagma.dev")
    try:
        server.process.kill()
        server.process.wait()
        services = ("dagma.dev.webserver", "dagster._daemon")
        until(
            lambda: not any(name in command for command in processes_of(server.project).values() for name in services)
        )
    finally:
        server.kill()
