"""The public conformance sets, scored by their own runners: nothing silently wrong, no crash, and never fewer right than before.

The sets are not part of the repository; they are looked for in ``shared/conformance`` beside it (or where BORDEREAU_CONFORMANCE says).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETS = Path(os.environ.get("BORDEREAU_CONFORMANCE") or ROOT.parent / "shared" / "conformance")

pytestmark = pytest.mark.skipif(not SETS.is_dir(), reason=f"the conformance sets are not at {SETS}")


def score(runner: str, adapter: str) -> str:
    done = subprocess.run(
        [sys.executable, str(SETS / runner), "--adapter", adapter],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


def count(pattern: str, said: str) -> int:
    found = re.search(pattern, said, re.MULTILINE)
    assert found is not None, said
    return int(found[1])


def test_processes_run_right_or_are_refused_by_name() -> None:
    said = score("run.py", "tests.conformance.adapter:Adapter")
    assert count(r"WRONG (\d+)", said) == 0, said
    assert count(r"CRASH (\d+)", said) == 0, said
    assert count(r"(\d+) passed", said) >= 70, said


LEVEL_3 = 1476
"""How many results of level 3 are right: never fewer. What is missing calls Java, or wants one of several outputs of a service alone."""


def test_decisions_and_feel() -> None:
    said = score("run_dmn.py", "tests.conformance.dmn_adapter:evaluate")
    assert count(r"CRASH (\d+)", said) == 0, said
    assert re.search(r"^level-2 126/126$", said, re.MULTILINE), said
    assert count(r"^level-3 (\d+)/1495$", said) >= LEVEL_3, said
    weak = [
        folder
        for folder, right, all_ in re.findall(r"^  (\S+) (\d+)/(\d+)$", said, re.MULTILINE)
        if int(right) * 2 < int(all_) and "external-java" not in folder
    ]
    assert not weak, said
