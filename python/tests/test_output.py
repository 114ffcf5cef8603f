"""What the worker prints as it goes to the run's own stdout and stderr."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from dagma.worker.output import OutputPump

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
