"""``make mutants``: a seeded sample of small changes to ``engine/kernel``, and which of them no test of the kernel notices.

mutmut makes the mutants in a copy (the folder ``mutants``; the sources stay as they are) and keeps what became of each: a second call
goes on where the first was stopped, and only a function that was changed since is asked again. What is drawn and with which tests stands
in ``pyproject.toml`` (``tool.mutmut``), why a survivor cannot be found in ``survivors.yaml`` beside this file (docs/testing.md).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import yaml
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import get_mutant_name

KERNEL = Path("engine/kernel")
COPY = Path("mutants")
EXPLAINED = Path(__file__).with_name("survivors.yaml")
FOUND = {"killed", "timeout", "segfault"}
"""A test failed, or the run took many times as long as it may."""
SURVIVED = {"survived", "no tests"}
FEW_PROPERTIES = "12"
"""Random processes for each property; a mutant that survives meets all of them."""
NEVER_DRAWN = {
    # called once, when the module is imported: before a mutant is chosen
    "engine.kernel.fold.x__puts": "makes appliers at import",
    "engine.kernel.fold.x__ends": "makes appliers at import",
}


def main() -> int:
    """Draw, try what was not tried yet, tell. 1 when a survivor is not explained, 2 when mutmut could not run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="ask survivors again: tests were written since")
    asked = parser.parse_args()
    files = dict(_mutants())
    names = sorted(files)
    Random(asked.seed).shuffle(names)
    drawn = names[: asked.number]
    _refresh_copy()
    known = _ends()
    untried = [each for each in drawn if each not in known or (asked.again and known[each] in SURVIVED)]
    while untried:
        print(
            f"{len(names)} mutants, {len(drawn)} drawn with seed {asked.seed}, {len(untried)} to be tried", flush=True
        )
        if not _try(untried):
            return 2
        # mutmut forgets what it knew of a function that was changed
        before, untried = untried, [each for each in drawn if each not in _ends()]
        if untried == before:
            return 2
    return _tell(drawn, files)


def _mutants() -> Iterator[tuple[str, Path]]:
    """The name of every mutant and the file that it changes."""
    for file in sorted(KERNEL.glob("*.py")):
        for name in _mutants_of(file):
            if name.partition("__mutmut_")[0] not in NEVER_DRAWN:
                yield name, file


def _mutants_of(file: Path) -> list[str]:
    """As mutmut made them of this file already, or will."""
    made = COPY / file
    if made.exists() and made.stat().st_mtime > file.stat().st_mtime:
        return [*_codes(made.with_name(f"{file.name}.meta"))]
    mutated = mutate_file_contents(str(file), file.read_text(encoding="utf-8"))
    return [get_mutant_name(file, each) for each in mutated.mutant_names]


def _codes(meta: Path) -> dict[str, int | None]:
    """The exit code of each mutant of a file, None of one that was not tried."""
    codes: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def _refresh_copy() -> None:
    """mutmut leaves tests that are gone, and asks old tests no more which functions they reach: some of these may be new."""
    shutil.rmtree(COPY / "tests", ignore_errors=True)
    (COPY / "mutmut-stats.json").unlink(missing_ok=True)


def _ends() -> dict[str, str]:
    """What became of each mutant that was tried."""
    found: dict[str, str] = {}
    for meta in (COPY / KERNEL).glob("*.meta"):
        found |= {name: status_by_exit_code[code] for name, code in _codes(meta).items() if code is not None}
    return found


def _try(names: Sequence[str]) -> bool:
    COPY.mkdir(exist_ok=True)
    log = COPY / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        ended = subprocess.run(
            [Path(sys.executable).with_name("mutmut"), "run", "--max-children", "1", *names],
            env={**os.environ, "PROPERTIES_FEW": FEW_PROPERTIES},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        print(f"mutmut could not run; what it said is in {log}")
    return ended.returncode == 0


def _tell(drawn: Sequence[str], files: Mapping[str, Path]) -> int:
    ends = _ends()
    reasons: list[dict[str, Any]] = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8"))
    survivors = [each for each in drawn if ends[each] not in FOUND]
    unexplained = 0
    for name in survivors:
        change = get_diff_for_mutant(name, path=files[name])
        why = next((each["why"] for each in reasons if _is(each, change)), None)
        unexplained += why is None
        print(f"\n{name}: {ends[name]}\n{change}\n{why or 'not explained'}")
    found = len(drawn) - len(survivors)
    print(f"\n{found} of {len(drawn)} found ({100 * found / len(drawn):.1f} %), {unexplained} survivors not explained")
    return int(unexplained > 0)


def _is(reason: Mapping[str, Any], change: str) -> bool:
    """Whether a reason is that of this change: a line as the mutant has it, or for one that only loses lines the first of these."""
    lines = [each for each in change.splitlines() if each[:3] not in {"---", "+++"}]
    new = {each[1:].strip() for each in lines if each.startswith("+")}
    lost = next((each[1:].strip() for each in lines if each.startswith("-")), None)
    return bool(new & {*reason.get("becomes", ())}) or (not new and lost == reason.get("loses", ""))


if __name__ == "__main__":
    sys.exit(main())
