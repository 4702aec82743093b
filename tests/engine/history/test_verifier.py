"""The one-file verifier: whole bundles verify on every Python from 3.9 on; whatever is done to one is found."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import NotFound
from engine.history import export, verifier
from engine.history.store import ChainHead
from engine.history.verifier import Members

MakeCase = Callable[[int], int]
MoreEvents = Callable[[int, int], ChainHead]
SOURCE = Path(verifier.__file__)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def make_bundle(database: Database) -> Callable[[int], bytes]:
    def make(case: int) -> bytes:
        with database.reading() as session:
            return export.bundle(session, case, NOW)

    return make


@pytest.fixture
def bundle(make_case: MakeCase, make_bundle: Callable[[int], bytes]) -> bytes:
    return make_bundle(make_case(9))


# -- tools of a forger --------------------------------------------------------------------------------------------------------


def members_of(bundle: bytes) -> dict[str, bytes]:
    found = verifier.unpack(bundle)
    assert found is not None
    return dict(found)


def remade(members: dict[str, bytes], *, with_list: bool = True, **changes: Any) -> bytes:
    """Pack again as Bordereau would, with the list of members and the seal computed anew: all but the chain is put right."""
    case = json.loads(members[verifier.CASE]) | changes
    if with_list:
        case["members"] = [
            {"path": path, "sha256": hashlib.sha256(each).hexdigest(), "size": len(each)}
            for path, each in sorted(members.items())
            if path != verifier.CASE
        ]
    case["seal"] = verifier.seal(case)
    members = members | {verifier.CASE: f"{verifier.canonical(case)}\n".encode()}
    return verifier.pack(sorted(members.items()))


def with_lines(bundle: bytes, change: Callable[[list[bytes]], list[bytes]], **changes: Any) -> bytes:
    members = members_of(bundle)
    lines = change(members[verifier.EVENTS].splitlines(keepends=True))
    return remade(members | {verifier.EVENTS: b"".join(lines)}, **changes)


def with_event(line: bytes, **changes: Any) -> bytes:
    return f"{verifier.canonical(json.loads(line) | changes)}\n".encode()


def rechained(bundle: bytes, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> bytes:
    """The perfect forgery: every hash computed anew, to the last."""
    members = members_of(bundle)
    case = json.loads(members[verifier.CASE])
    events = change([json.loads(each) for each in members[verifier.EVENTS].splitlines()])
    reached, lines = verifier.chain_begin(case["version_hash"]), []
    for number, event in enumerate(events, 1):
        content = verifier.event_content(
            event["instance"], number, event["at"], event["actor"], verifier.canonical(event["record"])
        )
        reached = verifier.chain_link(reached, content)
        lines.append(with_event(b"{}", **event | {"sequence": number, "hash": reached.hex()}))
    head = {"sequence": len(events), "hash": reached.hex()}
    return remade(members | {verifier.EVENTS: b"".join(lines)}, head=head)


def codes(bundle: bytes) -> list[tuple[str, str | int | None]]:
    return [(each.code, each.event or each.member) for each in verifier.verify(bundle).problems]


# -- whole bundles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 9, 200])
def test_what_bordereau_writes_is_whole(make_case: MakeCase, make_bundle: Callable[[int], bytes], count: int) -> None:
    made = make_bundle(make_case(count))
    verdict = verifier.verify(made)
    assert verdict.problems == []
    assert verdict.is_whole
    assert verdict.events == count
    assert export.seal_of(made) == verdict.case["seal"]


def test_the_same_state_gives_the_same_bytes(make_case: MakeCase, make_bundle: Callable[[int], bytes]) -> None:
    case = make_case(9)
    assert make_bundle(case) == make_bundle(case)


def test_any_program_can_open_the_bundle(bundle: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        assert {each.filename: archive.read(each) for each in archive.infolist()} == members_of(bundle)
        assert archive.read("verifier.py") == SOURCE.read_bytes()
        assert "DA-2026-0042" in archive.read("case.json").decode()
        assert "Approbation" in archive.read("LISEZ-MOI.txt").decode()
        assert "Approval" in archive.read("README.txt").decode()


def test_a_case_that_does_not_exist_has_no_bundle(database: Database) -> None:
    with database.reading() as session, pytest.raises(NotFound):
        export.bundle(session, 999, NOW)


def test_a_history_changed_in_the_database_gives_a_bundle_that_says_so(
    database: Database, make_case: MakeCase, make_bundle: Callable[[int], bytes]
) -> None:
    case = make_case(5)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE engine.event DISABLE TRIGGER USER"))
        session.execute(text("UPDATE engine.event SET record = replace(record, '1234.50', '99.50') WHERE sequence = 3"))
    assert codes(make_bundle(case)) == [("event_changed", 3)]


# -- tampering ----------------------------------------------------------------------------------------------------------------


def swap(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def renumbered(lines: list[bytes]) -> list[bytes]:
    return [with_event(line, sequence=number) for number, line in enumerate(lines, 1)]


@pytest.mark.parametrize(
    ("change", "code", "event"),
    [
        (lambda lines: [lines[0].replace(b"1234.50", b"1234.51"), *lines[1:]], "event_changed", 1),
        (lambda lines: [*lines[:4], with_event(lines[4], actor="nobody"), *lines[5:]], "event_changed", 5),
        (lambda lines: [*lines[:4], with_event(lines[4], hash="00" * 32), *lines[5:]], "event_changed", 5),
        (lambda lines: [*lines[:4], with_event(lines[4], instance=99), *lines[5:]], "event_of_other_case", 5),
        (
            lambda lines: [*lines[:4], with_event(lines[4], at="2026-11-21T09:00:00.000008+00:00"), *lines[5:]],
            "event_changed",
            5,
        ),
        (lambda lines: [*lines[:4], with_event(lines[4], at="2026-11-21 09:00"), *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], with_event(lines[4], sequence=True), *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], lines[4].replace(b'":', b'": ', 1), *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], lines[4].replace(b"{", b'{"actor":"zz",', 1), *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], b"\n", *lines[4:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], b"[" * 100_000 + b"\n", *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], b'{"x":1.5}\n', *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], b'"\\ud800"\n', *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], b"\xff\n", *lines[5:]], "event_unreadable", 5),
        (lambda lines: [*lines[:4], *lines[5:]], "event_out_of_order", 5),
        (lambda lines: renumbered([*lines[:4], *lines[5:]]), "event_changed", 5),
        (lambda lines: lines[1:], "event_out_of_order", 1),
        (lambda lines: [*lines[:4], lines[4], *lines[4:]], "event_out_of_order", 6),
        (lambda lines: renumbered([*lines[:4], lines[4], *lines[4:]]), "event_changed", 6),
        (swap, "event_out_of_order", 4),
        (lambda lines: renumbered(swap(lines)), "event_changed", 4),
        (lambda lines: lines[:-1], "end_missing", None),
        (lambda lines: [], "end_missing", None),
        (lambda lines: [*lines, with_event(lines[-1], sequence=10)], "event_changed", 10),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "event_unreadable", 9),
    ],
)
def test_a_changed_history_is_found_at_the_right_event(
    bundle: bytes, change: Callable[[list[bytes]], list[bytes]], code: str, event: int | None
) -> None:
    problems = verifier.verify(with_lines(bundle, change)).problems
    assert (problems[0].code, problems[0].event) == (code, event)


def test_the_end_is_held_against_the_case(bundle: bytes) -> None:
    cut = with_lines(bundle, lambda lines: lines[:-2])
    assert codes(cut) == [("end_missing", verifier.EVENTS)]
    head = json.loads(members_of(bundle)[verifier.CASE])["head"]
    assert codes(remade(members_of(bundle), head=head | {"sequence": 8})) == [("end_added", verifier.EVENTS)]
    assert codes(remade(members_of(bundle), head=head | {"hash": "00" * 32})) == [("head_differs", 9)]


def test_a_changed_model_is_found(bundle: bytes) -> None:
    members = members_of(bundle)
    path = "model/approval.bpmn"
    changed = members | {path: members[path].replace(b"definitions", b"Definitions")}
    assert codes(verifier.pack(sorted(changed.items()))) == [("member_changed", path), ("model_changed", "model/")]
    assert codes(remade(changed)) == [("model_changed", "model/")]
    without = {name: each for name, each in members.items() if name != path}
    assert codes(remade(without)) == [("model_changed", "model/")]
    assert codes(remade(members | {"model/more.dmn": b""})) == [("model_changed", "model/")]
    # with the hash of the version put right as well, the chain no longer begins where it began
    model = {name[6:]: each for name, each in changed.items() if name.startswith("model/")}
    assert codes(remade(changed, version_hash=verifier.content_hash(model))) == [("event_changed", 1)]


def test_members_that_are_missing_added_or_changed_are_named(bundle: bytes) -> None:
    members = members_of(bundle)
    for name in members:
        rest = {key: each for key, each in members.items() if key != name}
        found = codes(verifier.pack(sorted(rest.items())))
        assert ("member_missing", name) in found
    assert ("member_missing", "README.txt") in codes(remade({k: v for k, v in members.items() if k != "README.txt"}))
    assert codes(verifier.pack(sorted((members | {"extra.txt": b"x"}).items()))) == [("member_added", "extra.txt")]
    assert codes(remade(members | {"extra.txt": b"x"})) == [("member_added", "extra.txt")]
    for name in ("README.txt", "verifier.py"):
        changed = members | {name: members[name] + b"#"}
        assert codes(verifier.pack(sorted(changed.items()))) == [("member_changed", name)]
    twice: Members = [*sorted(members.items()), ("README.txt", members["README.txt"])]
    assert codes(verifier.pack(twice)) == [("member_twice", None)]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "bordereau-case/2"},
        {"head": {"sequence": 9}},
        {"head": {"sequence": "9", "hash": "00" * 32}},
        {"instance": "1"},
        {"instance": True},
        {"members": [1]},
        {"stated": None},
        {"version_hash": "x"},
        {"version_hash": "AB" * 32},
        {"more": 1},
    ],
)
def test_a_description_of_another_form_is_refused(bundle: bytes, change: dict[str, Any]) -> None:
    members = members_of(bundle)
    case = json.loads(members[verifier.CASE]) | change
    forged = members | {verifier.CASE: f"{verifier.canonical(case)}\n".encode()}
    assert ("case_unreadable", "case.json") in codes(verifier.pack(sorted(forged.items())))


def test_what_the_system_stated_is_sealed(bundle: bytes) -> None:
    members = members_of(bundle)
    forged = members | {verifier.CASE: members[verifier.CASE].replace(b"DA-2026-0042", b"DA-2026-0043")}
    assert codes(verifier.pack(sorted(forged.items()))) == [("case_changed", "case.json")]


def test_another_program_s_zip_of_the_same_content_is_not_the_bundle(bundle: bytes) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", method) as archive:
            for name, content in members_of(bundle).items():
                archive.writestr(name, content)
        assert codes(packed.getvalue()) == [("container_changed", None)]


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x03\x04", b"no zip at all", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(30)]
)
def test_what_is_no_bundle_is_said_to_be_none(data: bytes) -> None:
    verdict = verifier.verify(data)
    assert not verdict.is_whole


def test_every_cut_and_every_addition_is_found(bundle: bytes) -> None:
    for size in {0, 1, 30, len(bundle) // 2, len(bundle) - 1}:
        assert not verifier.verify(bundle[:size]).is_whole
    for more in (b"\0", b"PK", bundle):
        assert not verifier.verify(bundle + more).is_whole
        assert not verifier.verify(more + bundle).is_whole


def test_three_hundred_random_tamperings_are_all_found(bundle: bytes) -> None:
    """Bytes changed, removed, added, moved, anywhere in the file; and in members of a bundle packed again around them."""
    chance = random.Random(20261121)
    for _ in range(200):
        data = bytearray(bundle)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] ^= 1 << chance.randrange(8)
                case 1:
                    data[at] = (data[at] + chance.randrange(1, 256)) % 256
                case 2:
                    del data[at : at + chance.randrange(1, 40)]
                case _:
                    data[at:at] = chance.randbytes(chance.randrange(1, 40))
        if bytes(data) != bundle:
            assert not verifier.verify(bytes(data)).is_whole
    for _ in range(100):
        members = members_of(bundle)
        name = chance.choice([each for each in members if each.startswith("model/") or each == verifier.EVENTS])
        content = bytearray(members[name] or b"x")
        at = chance.randrange(len(content))
        content[at] = (content[at] + chance.randrange(1, 256)) % 256
        if bytes(content) == members[name]:
            continue
        # all put right again but what hashes only a holder of the original could know
        assert not verifier.verify(remade(members | {name: bytes(content)})).is_whole


def test_every_single_byte_of_a_small_bundle_counts(make_case: MakeCase, make_bundle: Callable[[int], bytes]) -> None:
    made = make_bundle(make_case(1))
    script = members_of(made)["verifier.py"]
    begin = made.index(script)
    for at in [*range(begin), *range(begin + len(script), len(made))]:
        changed = bytearray(made)
        changed[at] ^= 0x20
        assert not verifier.verify(bytes(changed)).is_whole, at


# -- what a file alone cannot prove -------------------------------------------------------------------------------------------


def test_a_perfect_forgery_is_found_by_an_older_bundle(
    make_case: MakeCase, make_bundle: Callable[[int], bytes], more_events: MoreEvents
) -> None:
    case = make_case(6)
    older = verifier.verify(make_bundle(case))
    more_events(case, 4)
    newer_bundle = make_bundle(case)
    newer = verifier.verify(newer_bundle)
    assert verifier.compare(newer, older) == []
    assert verifier.compare(newer, newer) == []

    rewritten = verifier.verify(rechained(newer_bundle, lambda events: [events[0] | {"actor": "nobody"}, *events[1:]]))
    assert rewritten.is_whole  # by itself: honestly, nothing can be seen
    assert [(each.code, each.event) for each in verifier.compare(rewritten, older)] == [("older_differs", 1)]
    cut = verifier.verify(rechained(newer_bundle, lambda events: events[:4]))
    assert cut.is_whole
    assert [(each.code, each.event) for each in verifier.compare(cut, older)] == [("older_longer", 5)]
    assert verifier.compare_head(cut, 6, older.hashes[-1])[0].code == "noted_longer"
    assert verifier.compare_head(rewritten, 6, older.hashes[-1])[0].code == "noted_differs"
    assert verifier.compare_head(newer, 6, older.hashes[-1]) == []


def test_only_a_whole_older_bundle_of_the_same_case_says_something(
    make_case: MakeCase, make_bundle: Callable[[int], bytes]
) -> None:
    first, second = make_bundle(make_case(3)), make_bundle(make_case(3))
    broken = verifier.verify(with_lines(first, lambda lines: lines[:-1]))
    verdict = verifier.verify(first)
    assert verifier.compare(verdict, broken)[0].code == "older_not_whole"
    assert verifier.compare(verdict, verifier.verify(second))[0].code == "older_other_case"


# -- the command --------------------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = verifier.main([str(each) for each in arguments])
    return code, capsys.readouterr().out


def test_the_command_says_what_it_checked_and_what_it_cannot(
    bundle: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.zip"
    file.write_bytes(bundle)
    code, said = run(
        capsys, file, "--lang", "en", "--older", file, "--head", f"9:{verifier.verify(bundle).hashes[-1].hex()}"
    )
    assert code == 0
    assert "RESULT: whole" in said
    assert "its 9 events are here, unchanged" in said
    assert "event 9 has the hash that was noted" in said
    assert "cannot prove" in said
    code, said = run(capsys, file, "--lang=fr")
    assert code == 0
    assert "RÉSULTAT : intact" in said

    file.write_bytes(with_lines(bundle, lambda lines: [lines[0].replace(b"zo", b"Zo"), *lines[1:]]))
    code, said = run(capsys, file, "--lang", "fr")
    assert code == 1
    assert "PAS INTACT" in said
    assert "Événement 1" in said


def test_the_command_answers_programs_in_json(
    bundle: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.zip"
    file.write_bytes(bundle)
    code, said = run(capsys, file, "--json")
    answer = json.loads(said)
    assert (code, answer["is_whole"], answer["events"], answer["problems"]) == (0, True, 9, [])
    assert answer["stated"]["business_key"] == "DA-2026-0042"
    file.write_bytes(with_lines(bundle, lambda lines: lines[:-1]))
    code, said = run(capsys, file, "--json", "--lang", "en")
    answer = json.loads(said)
    assert (code, answer["is_whole"]) == (1, False)
    assert answer["problems"][0]["code"] == "end_missing"
    assert answer["problems"][0]["text"].startswith("The end is missing")


def test_what_cannot_be_read_has_its_own_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, tmp_path / "nowhere.zip")[0] == 2
    file = tmp_path / "text.zip"
    file.write_bytes(b"hello")
    assert run(capsys, file)[0] == 2
    assert run(capsys, file, "--json")[0] == 2
    with pytest.raises(SystemExit):
        run(capsys, file, "--head", "9")


def test_a_hostile_bundle_does_not_write_to_the_terminal(
    bundle: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.zip"
    members = members_of(bundle) | {"\x1b[2Jextra": b""}
    file.write_bytes(remade(members, stated={"status": "\x1b[2J\x1b[HRESULT: whole\r\n"}))
    code, said = run(capsys, file, "--lang", "en")
    assert code == 1
    assert "\x1b" not in said
    assert "\\u001b[2Jextra" in said


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_sentence_can_be_said(language: str) -> None:
    texts = "".join(text for pair in verifier.TEXTS.values() for text in pair)
    facts = {name: "x" for _, name, _, _ in Formatter().parse(texts) if name}
    say = verifier.sayer(language)
    for code in verifier.TEXTS:
        assert "{" not in say(code, **facts)


def test_it_is_one_file_of_the_standard_library_for_python_3_9() -> None:
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 9))
    imported = {
        name.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {each.split(".")[0] for each in imported} <= set(sys.stdlib_module_names)
    assert not {each for each in imported if each in {"socket", "urllib", "http", "subprocess"}}


def python(version: str) -> str | None:
    found = shutil.which(f"python{version}")
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    return str(kept[-1]) if kept else found


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_it_runs_alone_on(version: str, bundle: bytes, tmp_path: Path) -> None:
    program = python(version)
    if program is None:
        pytest.skip(f"there is no Python {version} here")
    file = tmp_path / "case.zip"
    file.write_bytes(bundle)
    script = tmp_path / "verifier.py"
    script.write_bytes(members_of(bundle)["verifier.py"])

    def run_alone() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "-I", "-W", "error", str(script), str(file), "--lang", "en"],
            cwd=tmp_path,
            env={"PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=False,
        )

    whole = run_alone()
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "RESULT: whole" in whole.stdout
    file.write_bytes(bundle[:-200] + b"!" + bundle[-199:])
    assert run_alone().returncode == 1
