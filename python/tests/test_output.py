"""The worker's output on the run's own stdout and stderr."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from dagster._core.events.utils import filter_dagster_events_from_cli_logs
from dagster._serdes import serialize_value
from hypothesis import given
from hypothesis import strategies as st

from dagma.worker.output import OutputPump, _beside_events

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000


def printing(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


def test_what_is_held_is_bounded_and_the_newest_is_kept(tmp_path: Path) -> None:
    target = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    with printing("for n in range(50_000): print(str(n).rjust(99))") as process:
        assert process.stdout is not None
        pump = OutputPump(process.stdout, target)
        process.wait()
        pump.close(60)
    os.close(target)
    lines = (tmp_path / "out").read_text().split()
    assert lines[-1] == "49999"
    assert [int(line) for line in lines] == list(range(50_000 - len(lines), 50_000))
    assert MEGABYTE - 100 < len(lines) * 100 < 1_048_576 + 100


def test_a_line_without_an_end_goes_on_in_pieces(tmp_path: Path) -> None:
    target = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    with printing("import sys\nfor _ in range(50): sys.stdout.write('x' * 100_000)") as process:
        assert process.stdout is not None
        pump = OutputPump(process.stdout, target)
        pump.release()
        process.wait()
        pump.close(60)
        assert len(pump.tail()) < 40 * 501
    os.close(target)
    assert (tmp_path / "out").stat().st_size == 5 * MEGABYTE


def test_a_slow_reader_makes_the_worker_wait() -> None:
    ours, theirs = os.pipe()
    with printing("for _ in range(50): print('x' * 99_999)") as process:
        assert process.stdout is not None
        pump = OutputPump(process.stdout, theirs)
        pump.release()
        received = 0
        done = threading.Event()

        def read() -> None:
            nonlocal received
            while chunk := os.read(ours, 65_536):
                received += len(chunk)
            done.set()

        reader = threading.Thread(target=read)
        assert process.poll() is None  # it cannot end before somebody reads
        reader.start()
        process.wait()
        pump.close(60)
        os.close(theirs)
        assert done.wait(60)
        os.close(ours)
    assert received == 5 * MEGABYTE


def event() -> Any:
    return dg.DagsterEvent(event_type_value="STEP_START", job_name="job", step_key="one")


def read_events(lines: list[str]) -> list[Any]:
    return list(filter_dagster_events_from_cli_logs(lines))  # type: ignore[no-untyped-call]


printed = st.lists(
    st.one_of(
        st.text(st.sampled_from(list("{}[]\"': ,a\t.")), max_size=12),
        st.sampled_from(["{ starting", "{", '  {"a": [', '{"a": 1}', "{}", "{x}", "...", ""]),
    ),
    max_size=6,
)


@given(printed, st.booleans())
def test_events_in_a_pods_log_are_read_whatever_is_printed_before_them(lines: list[str], has_end: bool) -> None:  # noqa: FBT001
    text = "".join(_beside_events(f"{line}\n".encode()).decode() for line in lines[:-1])
    if lines:
        text += _beside_events(f"{lines[-1]}{chr(10) if has_end else ''}".encode()).decode()
    found = read_events([*text.split("\n")[:-1], serialize_value(event())])
    assert [one.event_type_value for one in found] == ["STEP_START"]


@pytest.mark.parametrize("before", ["{ starting\\n", "..."])
def test_the_worker_of_a_step_process_spoils_no_event(before: str, tmp_path: Path) -> None:
    found = []
    for beside_events in (False, True):
        target = os.open(tmp_path / f"out-{beside_events}", os.O_RDWR | os.O_CREAT)
        with printing(f"print('{before}', end='')") as process:
            assert process.stdout is not None
            pump = OutputPump(process.stdout, target)
            pump.release(beside_events=beside_events)
            process.wait()
            pump.close(60)
        os.write(target, serialize_value(event()).encode() + b"\n")
        os.close(target)
        found.append(len(read_events((tmp_path / f"out-{beside_events}").read_text().splitlines())))
    assert found == [0, 1]
