"""Finding PostgreSQL servers of a data folder that nobody watches any more, and stopping them.

``postmaster.pid`` is not asked: after a crash its number may belong to another process, and it is gone when the folder was deleted under a
running server. The kernel's list of processes says the truth: a postmaster keeps its command line, and it names the data folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path


def postmasters(cluster: Path) -> list[int]:
    """The process ids of the servers that run on the data folder ``cluster``."""
    wanted = ["-D", str(cluster)]
    return [
        pid
        for pid, command in _commands()
        if command and Path(command[0]).name == "postgres" and any(command[i : i + 2] == wanted for i in range(1, 4))
    ]


def tell(pids: list[int], wish: signal.Signals) -> None:
    """Send ``wish`` to each process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, wish)
        except ProcessLookupError:
            continue


def _commands() -> Iterator[tuple[int, list[str]]]:
    proc = Path("/proc")
    if (proc / "self" / "cmdline").exists():
        for entry in proc.iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes()
                except OSError:  # ended meanwhile, or hidden from us and so not ours
                    continue
                yield int(entry.name), os.fsdecode(command).split("\0")
        return
    listed = subprocess.run(  # macOS and the BSDs
        ["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        pid, _, rest = line.strip().partition(" ")
        yield int(pid), rest.split()
