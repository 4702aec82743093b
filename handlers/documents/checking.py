"""Whether an invoice for machines is one: the schema and the official schematrons, judged in a process of its own with a limit of time.

A crash of the library that judges, or an endless loop in it, costs that process and nothing else. It is kept for a minute after the last
invoice, since loading takes half a second and an invoice some hundredths.
"""

from __future__ import annotations

import atexit
import json
import select
import struct
import subprocess
import sys
import threading
import time
from typing import Final

from engine.errors import InvariantBroken

LONGEST_SECONDS: Final = 30
"""For one invoice, with the start; one of a thousand lines takes about a second."""

_LOCK: Final = threading.Lock()
_STARTS: Final = 2
"""The process may just have ended for want of work: then another one is asked."""


def complaints(xml: bytes) -> tuple[str, ...]:
    """What the schema and the schematrons of EN 16931 and of the French reform have against ``xml``, in their words; empty: nothing.

    Raises InvariantBroken (``invoice_not_judged``) when no answer comes: nothing is ever taken for right that was not judged.
    """
    with _LOCK:
        for _ in range(_STARTS):
            answer = _judge.ask(xml)
            if answer is not None:
                return answer
    raise InvariantBroken("invoice_not_judged")


class _Judge:
    """The process, as long as it lives."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, xml: bytes) -> tuple[str, ...] | None:
        """Its answer; None when the process died instead, or said nothing in time."""
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(struct.pack(">I", len(xml)) + xml)
            process.stdin.flush()
        except OSError:
            self.end()
            return None
        line = self._line(process)
        if not line.endswith(b"\n"):
            self.end()
            return None
        return tuple(json.loads(line))

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self.end()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "handlers.documents.judging"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},  # nothing of ours: no address of a database, no key
            )
        return self.process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        """A line of its output, or what came of one until time was up."""
        assert process.stdout is not None
        until = time.monotonic() + LONGEST_SECONDS  # a duration of this machine, not a moment of the business
        found = b""
        while not found.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                break
            part = process.stdout.read1()  # type: ignore[attr-defined]
            if not part:
                break
            found += part
        return found

    def end(self) -> None:
        """End it, and wait until it has."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.kill()
        process.communicate()


_judge: Final = _Judge()
atexit.register(_judge.end)
