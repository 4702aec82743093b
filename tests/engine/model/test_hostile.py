"""Files that are too deep, too long, or go round in circles: read or refused in a sentence, in little memory."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from engine.errors import DefinitionError
from engine.feel import Environment
from engine.kernel import advance
from engine.model.bpmn_reader import read_processes
from engine.model.elements import Model
from engine.protocol.events import IncidentRaised
from engine.protocol.stimuli import Start

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MEMORY = 200 * 1024 * 1024


def definitions(inside: str) -> bytes:
    return f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">{inside}</definitions>'.encode()


def chain(length: int) -> bytes:
    """A start, ``length`` tasks, an end."""
    names = ["begin", *(f"task_{number}" for number in range(length)), "end"]
    tasks = "".join(f'<task id="{each}" name="{each}"/>' for each in names[1:-1])
    flows = "".join(
        f'<sequenceFlow id="f_{source}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in pairwise(names)
    )
    return definitions(
        f'<process id="p" isExecutable="true"><startEvent id="begin"/>{tasks}<endEvent id="end"/>{flows}</process>'
    )


def nested(depth: int) -> bytes:
    """A sub-process in a sub-process in a …"""
    opened = "".join(f'<subProcess id="s{number}">' for number in range(depth))
    return definitions(f'<process id="p" isExecutable="true">{opened}<task id="t"/>{"</subProcess>" * depth}</process>')


def refusals(xml: bytes) -> set[str]:
    with pytest.raises(DefinitionError) as caught:
        read_processes(xml, "x.bpmn")
    return {each.code for each in caught.value.problems}


def test_five_thousand_nested_elements_are_refused_in_a_sentence() -> None:
    assert refusals(nested(5_000)) == {"xml_too_deep"}


def test_what_the_parser_allows_is_read_to_the_bottom() -> None:
    (process,) = read_processes(nested(250), "x.bpmn")
    assert process.nodes["t"].scope == "s249"


def test_a_chain_of_two_thousand_tasks_is_read_in_little_memory() -> None:
    program = f"""
        import sys
        from pathlib import Path
        from engine.model.bpmn_reader import read_processes
        (process,) = read_processes(sys.stdin.buffer.read(), "chain.bpmn")
        assert len(process.nodes) == 2002
        # not ru_maxrss: that of a new process begins with what its parent used
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        used = int(status["VmHWM"].split()[0]) * 1024
        assert used < {MEMORY}, used
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], input=chain(2_000), capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()


def test_processes_that_call_each_other_for_ever_stop_with_an_incident() -> None:
    calls = "".join(
        f'<process id="{one}" isExecutable="true"><startEvent id="b_{one}"/><callActivity id="c_{one}"'
        f' calledElement="{other}"/><sequenceFlow id="f_{one}" sourceRef="b_{one}" targetRef="c_{one}"/></process>'
        for one, other in (("a", "b"), ("b", "a"))
    )
    model = Model(processes={each.id: each for each in read_processes(definitions(calls), "x.bpmn")})
    now = Environment(now=NOW)
    _, events = advance(model, None, Start(process="a"), now)
    (incident,) = (each for each in events if isinstance(each, IncidentRaised))
    assert incident.code == "too_many_steps"
    assert {"c_a", "c_b"} <= set(str(incident.facts).replace("'", " ").replace(",", " ").split())


LINE = '<association id="l" sourceRef="b" targetRef="b"/></process>'
RUNS = '<process id="p" isExecutable="true">'


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (f'{RUNS}<task id="p"/></process>', "id_twice"),
        (f'{RUNS}<boundaryEvent id="b" attachedToRef="b"/></process>', "boundary_not_attached"),
        (
            f'{RUNS}<subProcess id="s"><sequenceFlow id="f" sourceRef="s" targetRef="s"/></subProcess></process>',
            "flow_crosses_scope",
        ),
        (
            f'{RUNS}<endEvent id="e"><eventDefinitionRef>e</eventDefinitionRef></endEvent></process>',
            "reference_unknown",
        ),
        (
            f'{RUNS}<task id="t"/><boundaryEvent id="b" attachedToRef="t"><compensateEventDefinition/></boundaryEvent>{LINE}',
            "compensation_without_handler",
        ),
        ('<process isExecutable="true"/>', "id_missing"),
    ],
    ids=[
        "id of its process",
        "attached to itself",
        "flow from inside",
        "defined by itself",
        "undone by itself",
        "no id",
    ],
)
def test_what_refers_to_itself_is_refused(inside: str, code: str) -> None:
    assert code in refusals(definitions(inside))
