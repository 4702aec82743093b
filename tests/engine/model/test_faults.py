"""One fault in a valid file gives the one problem that names it: kind of fault → code and element (``faults.yaml``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import DefinitionError, Problem
from engine.model.bpmn_reader import read_process_file, read_processes
from engine.texts import say

FAULTS = yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text(encoding="utf-8"))
REMIND = '<zeebe:taskDefinition type="expedition.remind" />'
LOAD = '<bpmn:userTask id="load" name="Charger" />'
MARK = '<bpmn:intermediateThrowEvent id="mark" name="Prêt" />'


def errors_of(xml: str) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        read_processes(xml.encode(), "expedition.bpmn")
    return tuple(each for each in caught.value.problems if each.severity == "error")


def test_the_base_has_no_error(expedition_xml: str) -> None:
    assert [each.id for each in read_processes(expedition_xml.encode(), "expedition.bpmn")] == [
        "expedition",
        "papers_process",
    ]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["fault"]))
def test_a_fault_is_named_with_its_element(fault: dict[str, Any], expedition_xml: str) -> None:
    assert fault["replace"] in expedition_xml
    errors = errors_of(expedition_xml.replace(fault["replace"], fault["by"]))
    also = {(code, element) for element, code in fault.get("also", {}).items()}
    assert {(each.code, each.element_id) for each in errors} == {(fault["code"], fault["element"])} | also
    assert fault.get("place", errors[0].place) in {each.place for each in errors}
    for each in errors:
        assert each.file == "expedition.bpmn"
        for locale in ("fr", "en"):
            assert "…" not in say(each.code, locale, **each.facts)


def test_a_syntax_error_of_feel_has_its_place_and_position(expedition_xml: str) -> None:
    (error,) = errors_of(expedition_xml.replace("= postage &gt; 100", "= postage &gt; "))
    assert (error.element_id, error.place) == ("f_ask", "condition")
    assert error.facts["expression"] == "postage >"
    assert error.facts["position"] == len("postage >")
    assert error.code.startswith("feel_")


def test_all_faults_of_a_file_are_told_at_once(expedition_xml: str) -> None:
    xml = (
        expedition_xml.replace(REMIND, "")
        .replace("PT30M", "x")
        .replace(LOAD, LOAD.replace("userTask", "adHocSubProcess"))
    )
    assert {each.code for each in errors_of(xml)} == {
        "handler_missing",
        "timer_duration_invalid",
        "unsupported_ad_hoc",
    }


def test_a_node_on_an_island_is_a_warning(expedition_xml: str) -> None:
    island = (
        '<bpmn:exclusiveGateway id="a" /><bpmn:sequenceFlow id="f_ab" sourceRef="a" targetRef="b" />'
        '<bpmn:exclusiveGateway id="b" /><bpmn:sequenceFlow id="f_ba" sourceRef="b" targetRef="a" />'
    )
    read = read_process_file(expedition_xml.replace(MARK, MARK + island).encode(), "expedition.bpmn")
    assert {each.element_id for each in read.warnings if each.code == "unreachable"} == {"a", "b"}


def test_a_process_that_is_only_a_drawing_is_said_to_be_one(expedition_xml: str) -> None:
    read = read_process_file(expedition_xml.encode(), "expedition.bpmn")
    assert [(each.code, each.element_id) for each in read.warnings] == [("process_not_executable", "carrier_process")]
    drawings = expedition_xml.replace('isExecutable="true"', 'isExecutable="false"')
    assert [each.code for each in errors_of(drawings)] == ["process_missing"]


def test_a_message_flow_has_no_effect_and_says_so(expedition_xml: str) -> None:
    drawn = expedition_xml.replace(
        "</bpmn:collaboration>",
        '<bpmn:messageFlow id="mf" sourceRef="tell" targetRef="participant_carrier" /></bpmn:collaboration>',
    )
    read = read_process_file(drawn.encode(), "expedition.bpmn")
    assert ("message_flow_without_effect", "mf") in [(each.code, each.element_id) for each in read.warnings]
