"""XML that strangers wrote: refused, with the reason, before anything is resolved."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DefinitionError
from engine.model.bpmn_reader import read_processes
from engine.model.schema import validate
from engine.model.xml_file import MAXIMAL_BYTES, parse_xml

BOMB = b"""<?xml version="1.0"?>
<!-- a comment first -->
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<definitions name="&c;&c;&c;&c;&c;"/>"""


def refusal(xml: bytes) -> str:
    with pytest.raises(DefinitionError) as caught:
        parse_xml(xml, "hostile.bpmn")
    (problem,) = caught.value.problems
    assert problem.file == "hostile.bpmn"
    return problem.code


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (BOMB, "xml_doctype"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><?pi x?><!DOCTYPE d SYSTEM "http://203.0.113.1/d.dtd"><d/>', "xml_doctype"),
        ("<?xml version='1.0' encoding='UTF-16'?><d/>".encode("utf-16"), "xml_not_utf8"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><d a="\xe9"/>', "xml_not_utf8"),
        (b'<d a="\xe9"/>', "xml_not_utf8"),
        (b"", "xml_broken"),
        (b"<d><e></d>", "xml_broken"),
        (b"<d>&undefined;</d>", "xml_broken"),
        (b"<d>" * 5_000 + b"</d>" * 5_000, "xml_too_deep"),
        (b"<d>" + b" " * MAXIMAL_BYTES + b"</d>", "xml_too_large"),
        (b"<d>" + b"<e/>" * 100_000 + b"</d>", "xml_too_many_elements"),
    ],
    ids=[
        "bomb",
        "external dtd",
        "utf-16",
        "latin-1",
        "not utf-8",
        "empty",
        "not closed",
        "unknown entity",
        "deep",
        "large",
        "many elements",
    ],
)
def test_hostile_xml_is_refused(xml: bytes, code: str) -> None:
    begin = time.process_time()
    assert refusal(xml) == code
    assert time.process_time() - begin < 2


def test_no_file_and_no_address_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    assert refusal(f'<!DOCTYPE d [<!ENTITY s SYSTEM "{secret.as_uri()}">]><d>&s;</d>'.encode()) == "xml_doctype"
    included = f'<d xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{secret.as_uri()}" parse="text"/></d>'
    assert "secret" not in "".join(parse_xml(included.encode(), "x").itertext())


def test_a_doctype_inside_the_text_is_only_text() -> None:
    root = parse_xml(b"<d><![CDATA[<!DOCTYPE x>]]><!-- <!DOCTYPE y> --></d>", "x")
    assert root.text == "<!DOCTYPE x>"


def test_a_broken_file_names_the_line() -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_xml(b"<d>\n<e>\n</d>", "x.bpmn")
    assert caught.value.problems[0].place == "3"


def test_the_reader_and_the_schema_refuse_the_same_way() -> None:
    assert [each.code for each in validate(BOMB, "x.bpmn")] == ["xml_doctype"]
    with pytest.raises(DefinitionError):
        read_processes(BOMB, "x.bpmn")


def test_another_kind_of_file_is_no_bpmn() -> None:
    with pytest.raises(DefinitionError) as caught:
        read_processes(b"<html/>", "x.bpmn")
    assert [each.code for each in caught.value.problems] == ["bpmn_root"]


@given(st.binary(max_size=300) | st.text(alphabet="<>!?-[]&;/='\" DOCTYPEabx:\n", max_size=120).map(str.encode))
def test_whatever_is_no_bpmn_is_refused(xml: bytes) -> None:
    with pytest.raises(DefinitionError):
        read_processes(xml, "x.bpmn")


def _swollen(inner: str, count: int) -> bytes:
    head = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x">'
        '<bpmn:process id="p" isExecutable="true"><bpmn:subProcess id="a"/><bpmn:exclusiveGateway id="g"/>'
    )
    return f"{head}{''.join(inner.format(number=number) for number in range(count))}</bpmn:process></bpmn:definitions>".encode()


@pytest.mark.parametrize(
    "inner",
    [
        '<bpmn:task id="x"/>',
        '<bpmn:sequenceFlow id="f{number}" sourceRef="g" targetRef="g"/>',
        '<bpmn:boundaryEvent id="b{number}" attachedToRef="a"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>',
        '<bpmn:subProcess id="s{number}"><bpmn:standardLoopCharacteristics/></bpmn:subProcess>',
        '<bpmn:laneSet><bpmn:lane id="l{number}"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>',
    ],
    ids=["one id", "one gateway", "one activity", "many scopes", "many lanes"],
)
def test_a_swollen_file_costs_no_more_than_its_size(inner: str) -> None:
    small, large = _swollen(inner, 1_500), _swollen(inner, 6_000)
    begin = time.process_time()
    with pytest.raises(DefinitionError):
        read_processes(small, "x.bpmn")
    validate(small, "x.bpmn")
    middle = time.process_time()
    with pytest.raises(DefinitionError) as caught:
        read_processes(large, "x.bpmn")
    validate(large, "x.bpmn")
    # four times the size: a square would cost sixteen times as much
    assert time.process_time() - middle < 10 * (middle - begin) + 0.5
    assert len(caught.value.problems) <= 501
