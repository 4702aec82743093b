"""Writing a file back loses and reorders nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from engine.errors import DefinitionError
from engine.model.xml_file import Element, rewritten

ROOT = Path(__file__).parents[3]
FILES = sorted(
    path
    for folder in ("processes", "tests")
    for pattern in ("*.bpmn", "*.dmn")
    for path in (ROOT / folder).rglob(pattern)
)
POOLS = Path(__file__).with_name("files") / "pools.bpmn"


def canonical(xml: bytes) -> bytes:
    """What the file says, comments, instructions and order included (Canonical XML)."""
    return etree.tostring(etree.fromstring(xml).getroottree(), method="c14n", with_comments=True)


def nothing(root: Element) -> None:
    """Leave it as it is."""


def add_colour(root: Element) -> None:
    (task,) = root.xpath("//*[@id='check']")
    task.set("{https://tool.example/1}colour", "green")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_not_changed_stays(path: Path) -> None:
    xml = path.read_bytes()
    again = rewritten(xml, path.name, nothing)
    assert canonical(again) == canonical(xml)
    assert rewritten(again, path.name, nothing) == again


def test_comments_instructions_cdata_and_foreign_elements_stay() -> None:
    again = rewritten(POOLS.read_bytes(), POOLS.name, nothing).decode()
    for kept in (
        '<?editor keep="me"?>',
        "<!-- two pools that run",
        "<!-- the end -->",
        "<!-- inside -->",
        "<![CDATA[Un <texte> avec des & dedans]]>",
        'tool:version="7"',
        "<tool:bold>remarque</tool:bold> ici",
    ):
        assert kept in again


def test_a_change_is_the_only_difference() -> None:
    xml = POOLS.read_bytes()
    before, after = (canonical(each).decode() for each in (xml, rewritten(xml, POOLS.name, add_colour)))
    assert after.replace(' tool:colour="green"', "") == before != after


def test_what_cannot_be_read_is_not_written() -> None:
    with pytest.raises(DefinitionError):
        rewritten(b"<!DOCTYPE a><a/>", "x.bpmn", nothing)
