"""The same decisions in the files of every version of DMN: the conformance set rewritten to the older ones gives the same answers.

The set is written in DMN 1.5. What an older version does not have (boxed loops, say) is left out for it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.decisions.xml import NAMESPACES

ROOT = Path(__file__).parents[2]
SETS = Path(os.environ.get("BORDEREAU_CONFORMANCE") or ROOT.parent / "shared" / "conformance")

pytestmark = pytest.mark.skipif(not SETS.is_dir(), reason=f"the conformance sets are not at {SETS}")

OLDER = {version: namespace for namespace, version in NAMESPACES.items() if version != "1.5"}
NEWEST = next(namespace for namespace, version in NAMESPACES.items() if version == "1.5")
SINCE_1_4 = re.compile(r"<(conditional|filter|for|some|every)[ >]")
FEEL_1_1 = "http://www.omg.org/spec/FEEL/20140401"
BUILT_IN = (
    "number|string|boolean|Any|date|time|dateTime|dayTimeDuration|yearMonthDuration"
    "|date and time|days and time duration|years and months duration"
)


def rewritten(source: str, version: str) -> str | None:
    """The file in an older version; None when it has what that version lacks."""
    if version < "1.4" and SINCE_1_4.search(source):
        return None
    source = source.replace(NEWEST, OLDER[version])
    if version == "1.1":
        # the types of FEEL had a prefix, and functions no kind
        if re.search(r' kind="(Java|PMML)"', source):
            return None
        source = re.sub(rf'typeRef="({BUILT_IN})"', r'typeRef="feel:\1"', source)
        source = re.sub(rf"<typeRef>({BUILT_IN})</typeRef>", r"<typeRef>feel:\1</typeRef>", source)
        source = re.sub(r'xmlns:feel="[^"]*"', "", source)
        source = source.replace("<definitions", f'<definitions xmlns:feel="{FEEL_1_1}"', 1)
    return source


def scores(folder: Path, out: Path) -> dict[tuple[str, str, str], bool]:
    """Which results are right, by folder, case and node."""
    command = [sys.executable, str(SETS / "run_dmn.py"), "--adapter", "tests.conformance.dmn_adapter:evaluate"]
    subprocess.run(
        [*command, "--dir", str(folder), "--out", str(out)], cwd=ROOT, timeout=110, check=True, capture_output=True
    )
    return {(row["file"], row["case"], row["node"]): row["right"] for row in json.loads(out.read_text())}


def compare(level: str, version: str, here: Path) -> int:
    """Hold a rewritten level against the level itself; how many results were compared."""
    for file in sorted((SETS / "dmn" / level).rglob("*.dmn")):
        folder = here / "sets" / level / file.parent.name
        source = rewritten(file.read_text(encoding="utf-8"), version)
        if source is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_text(source, encoding="utf-8")
        for case in file.parent.glob("*.xml"):
            (folder / case.name).write_bytes(case.read_bytes())
    same = scores(here / "sets", here / "older.json")
    wanted = scores(SETS / "dmn" / level, here / "newest.json") if level != "level-2" else dict.fromkeys(same, True)
    assert [key for key, right in same.items() if right != wanted[key]] == []
    return len(same)


@pytest.mark.parametrize("version", OLDER)
def test_level_2_in_older_versions(version: str, tmp_path: Path) -> None:
    assert compare("level-2", version, tmp_path) == 126


@pytest.mark.long
@pytest.mark.parametrize("version", OLDER)
def test_level_3_in_older_versions(version: str, tmp_path: Path) -> None:
    assert compare("level-3", version, tmp_path) > 1400
