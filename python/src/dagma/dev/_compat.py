"""The parts of Dagster that `dagma dev` uses beyond its public interface: to put a guard in front of its web server.

`dagster dev` has no option that names another web server, and `dagster-webserver` none for middleware.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagma.process import dies_with_this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp


def run_dagster_dev(args: Sequence[str], webserver: str) -> None:
    """`dagster dev`, which starts the module `webserver` as its web server."""
    import dagster._cli.dev as command  # noqa: PLC0415  # loads all of Dagster's command line

    module: Any = command
    start, replaced = module.open_ipc_subprocess, False

    def start_service(parts: Sequence[str], **options: Any) -> Any:
        nonlocal replaced
        if list(parts[1:3]) == ["-m", "dagster_webserver"]:
            parts, replaced = [parts[0], "-m", webserver, *parts[3:]], True
        elif not replaced:
            message = "`dagster dev` does not start its web server first: this version of Dagster is not supported."
            raise dg.DagsterInvariantViolationError(message)
        return start(parts, preexec_fn=dies_with_this_process(), **options)

    module.open_ipc_subprocess = start_service
    warnings.filterwarnings(
        "ignore", message=r".*`dev_command` is superseded"
    )  # the other command wants its own project
    module.dev_command(list(args))


def run_dagster_webserver(wrap: Callable[[ASGIApp], ASGIApp]) -> None:
    """`dagster-webserver`, its ASGI application within another."""
    from dagster_webserver import cli  # noqa: PLC0415  # `dagster dev` without it says that it is missing

    module: Any = cli
    make = module.create_app_from_workspace_process_context

    def make_wrapped(*args: Any, **options: Any) -> ASGIApp:
        return wrap(make(*args, **options))

    module.create_app_from_workspace_process_context = make_wrapped
    module.main()
