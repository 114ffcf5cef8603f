"""Processes by more than their number: a process id alone comes back after its process has gone."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PR_SET_PDEATHSIG = 1
_FIRST_PID_NAMESPACE = 0xEFFFFFFC
"""The name on Linux of the machine's own process ids, outside any container."""
_HAS_PROC = sys.platform == "linux"


def how_it_ended(code: int) -> str:
    """A process's end, from its return code, as the end of a sentence: ended with exit code 1, was ended by SIGKILL."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (as a machine or container does that runs out of memory)" if name == "SIGKILL" else ""
    return f"was ended by {name}{hint}"


@dataclass(frozen=True)
class Identity:
    """A process: its id, when it started, on which boot of a machine (or in which container) that id means it."""

    pid: int
    started: str
    machine: str
    host: str = ""
    """The machine itself, whichever boot; nothing for a process in a container."""

    @classmethod
    def of(cls, pid: int) -> Identity:
        """Of a process of this machine that lives."""
        return cls(pid, _started(pid) or "", machine(), host())

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Identity:
        """From what `to_json` gave."""
        return cls(int(data["pid"]), str(data["started"]), str(data["machine"]), str(data.get("host", "")))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @property
    def is_local(self) -> bool:
        """Whether the process can be seen from here."""
        return self.machine == machine()

    @property
    def ended_by_reboot(self) -> bool:
        """Whether the process was on this machine, before it was started again."""
        return not self.is_local and self.host != "" and self.host == host()

    def is_alive(self) -> bool:
        """Whether exactly this process lives; a zombie does not."""
        return self.is_local and self.started != "" and _started(self.pid) == self.started

    def send(self, number: signal.Signals) -> bool:
        """Signals the process, if it is still the one; false when it is gone."""
        if not self.is_local:
            return False
        try:
            with self._held() as send:
                if not self.is_alive():
                    return False
                send(number)
        except OSError:
            return False
        return True

    @contextmanager
    def _held(self) -> Iterator[Callable[[signal.Signals], None]]:
        """Where the system can, keeps the id from passing to another process between look and signal."""
        if sys.platform != "linux":
            yield lambda number: os.kill(self.pid, number)
            return
        descriptor = os.pidfd_open(self.pid)
        try:
            yield lambda number: signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)

    def kill_group(self) -> None:
        """Kills what is left of the process group that the process leads or led."""
        if not self.is_local or _started(self.pid) not in {None, self.started}:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def machine() -> str:
    """The scope in which a process id is unique: a boot of a machine, and on Linux a namespace of process ids."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return platform.node()


def host() -> str:
    """The machine, whichever boot; nothing in a container, where the id of an image would say nothing."""
    try:
        if Path("/proc/self/ns/pid").stat().st_ino != _FIRST_PID_NAMESPACE:
            return ""
        return f"{Path('/etc/machine-id').read_text(encoding='ascii').strip()}/{platform.node()}"
    except OSError:
        return ""


def dies_with_this_process() -> Callable[[], None] | None:
    """For `preexec_fn`: the child is killed when the thread that starts it ends, however it ends. Linux only.

    It runs between fork and exec, and does no more than two system calls: the function is looked up before.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal, and does nothing until another lets it continue."""
    return _state(pid)[0].startswith("T")


def _started(pid: int) -> str | None:
    """When a process started, in the system's own words; nothing when it has ended."""
    state, started = _state(pid)
    return None if state[:1] in {"", "Z", "X"} else started


def _state(pid: int) -> tuple[str, str]:
    """A process's state, in the letters of ps, and when it started; both empty when there is no such process."""
    if _HAS_PROC:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            return "", ""
        return fields[0], fields[19]
    listed = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = listed.stdout.strip().partition(" ")
    return state, started.strip()
