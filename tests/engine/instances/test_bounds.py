"""A step ends: a loop of handlers that never rests becomes an incident, and gives the case back."""

from __future__ import annotations

from sqlalchemy import text

from engine.data import data
from engine.database.session import Database
from engine.handler import HandlerContext, HandlerTable, handler
from engine.identity import people
from engine.instances import driver
from engine.instances.commands import start_instance
from engine.instances.runtime import Runtime
from tests.engine.processes.parcels import CLERK, OWNER
from tests.publishing import publish_unexamined

YAML = b"key: round\ntitle: {fr: Rond, en: Round}\nprocess: round\nstart: {roles: [clerk]}\n"
BPMN = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://bordereau.test">
  <bpmn:process id="round" isExecutable="true">
    <bpmn:startEvent id="begin"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="a" sourceRef="begin" targetRef="again" />
    <bpmn:exclusiveGateway id="again"><bpmn:incoming>a</bpmn:incoming><bpmn:incoming>c</bpmn:incoming>
      <bpmn:outgoing>b</bpmn:outgoing></bpmn:exclusiveGateway>
    <bpmn:sequenceFlow id="b" sourceRef="again" targetRef="turn" />
    <bpmn:serviceTask id="turn"><bpmn:extensionElements><zeebe:taskDefinition type="round.turn" /></bpmn:extensionElements>
      <bpmn:incoming>b</bpmn:incoming><bpmn:outgoing>t</bpmn:outgoing></bpmn:serviceTask>
    <bpmn:sequenceFlow id="t" sourceRef="turn" targetRef="more" />
    <bpmn:exclusiveGateway id="more" default="c"><bpmn:incoming>t</bpmn:incoming><bpmn:outgoing>c</bpmn:outgoing>
      <bpmn:outgoing>e</bpmn:outgoing></bpmn:exclusiveGateway>
    <bpmn:sequenceFlow id="c" sourceRef="more" targetRef="again" />
    <bpmn:sequenceFlow id="e" sourceRef="more" targetRef="end">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">= false</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:endEvent id="end"><bpmn:incoming>e</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
</bpmn:definitions>
"""


@data
class Nothing:
    """Takes and gives nothing."""


@handler("round.turn", fr="Tourner", en="Turn")
def turn(_given: Nothing, _context: HandlerContext) -> Nothing:
    return Nothing()


def test_a_loop_of_handlers_ends_in_an_incident(database: Database) -> None:
    handlers = HandlerTable.of([turn], [])
    with database.transaction() as session:
        people.add_role(session, "clerk", "clerk", "clerk")
    publish_unexamined(database, OWNER, {"process.yaml": YAML, "round.bpmn": BPMN}, handlers)
    runtime = Runtime(database=database, handlers=handlers)
    begun = start_instance(runtime, CLERK, "round", {})
    with database.reading() as session:
        incident = session.execute(text("SELECT instance_id, element_id, code FROM engine.incident")).one()
        calls = session.scalar(text("SELECT count(*) FROM engine.event WHERE type = 'handler:returned'"))
    assert tuple(incident) == (begun.instance_id, "turn", "too_many_handler_calls")
    assert calls == driver.MOST_CALLS
