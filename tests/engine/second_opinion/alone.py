"""SpiffWorkflow by itself: its own parser, script engine and step loop. Nothing of ours, so that what it does here is its own."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def started(body: str, flows: str, definitions: str = "", **data: Any) -> Any:
    """A case of the process with these elements and flows (``a -> b : condition``, a line each), after its automatic work."""
    text = f"""<definitions xmlns="{BPMN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:d">
      {definitions}<process id="p" isExecutable="true">{body}{_flows(flows)}</process></definitions>"""
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.parse(BytesIO(text.encode())), filename="p.bpmn")
    case = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    case.task_tree.set_data(**data)
    case.do_engine_steps()
    return case


def _flows(lines: str) -> str:
    made = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        path, _, condition = line.partition(" : ")
        asked = (
            f'<conditionExpression xsi:type="tFormalExpression">{condition}</conditionExpression>' if condition else ""
        )
        ids = [each.strip() for each in path.split("->")]
        for source, target in pairwise(ids):
            made.append(
                f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{asked}</sequenceFlow>'
            )
    return "".join(made)


def sub(id_: str, body: str, flows: str) -> str:
    """A sub-process."""
    return f'<subProcess id="{id_}">{body}{_flows(flows)}</subProcess>'


def ready(case: Any) -> list[str]:
    """The user tasks that somebody may do."""
    return sorted(each.task_spec.name for each in case.get_tasks(state=TaskState.READY, manual=True))


def do(case: Any, name: str, **data: Any) -> None:
    """Somebody does the task."""
    task = next(each for each in case.get_tasks(state=TaskState.READY, manual=True) if each.task_spec.name == name)
    task.data.update(data)
    task.run()
    case.do_engine_steps()


def come(case: Any, element: str) -> None:
    """What the boundary event or catch event waits for comes, now."""
    task = case.get_next_task(spec_name=element, state=TaskState.WAITING)
    task.task_spec.catch(task, BpmnEvent(task.task_spec.event_definition, payload={}))
    task.task_spec._update(task)
    case.do_engine_steps()


def completed(case: Any, name: str) -> int:
    """How often an element was completed."""
    return len(case.get_tasks(spec_name=name, state=TaskState.COMPLETED))
