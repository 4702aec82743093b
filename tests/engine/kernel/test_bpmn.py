"""From the text of a BPMN file to the end of a case: the reader and the kernel mean the same."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from engine.model.bpmn_reader import read_processes
from engine.model.elements import Model
from engine.protocol.stimuli import CompleteTask, FireTimer, ReceiveMessage, ReturnHandler, ThrowError
from tests.engine.kernel.building import NOW, Run

PROCESS = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
  <bpmn:message id="m1" name="goods_received">
    <bpmn:extensionElements><zeebe:subscription correlationKey="= number" /></bpmn:extensionElements>
  </bpmn:message>
  <bpmn:error id="e1" name="Out of stock" errorCode="OUT_OF_STOCK" />
  <bpmn:process id="delivery" isExecutable="true">
    <bpmn:startEvent id="start"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="prepare" name="Préparer">
      <bpmn:extensionElements>
        <zeebe:assignmentDefinition candidateGroups="warehouse" />
        <zeebe:taskSchedule dueDate="=duration(&quot;P1D&quot;)" />
        <zeebe:ioMapping>
          <zeebe:input source="= count(lines)" target="how_many" />
          <zeebe:output source="= checked" target="order.checked" />
        </zeebe:ioMapping>
      </bpmn:extensionElements>
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:boundaryEvent id="late" attachedToRef="prepare" cancelActivity="false">
      <bpmn:outgoing>f8</bpmn:outgoing>
      <bpmn:timerEventDefinition id="t1"><bpmn:timeCycle>R2/PT4H</bpmn:timeCycle></bpmn:timerEventDefinition>
    </bpmn:boundaryEvent>
    <bpmn:endEvent id="reminded"><bpmn:incoming>f8</bpmn:incoming></bpmn:endEvent>
    <bpmn:exclusiveGateway id="merge"><bpmn:incoming>f2</bpmn:incoming><bpmn:incoming>f6</bpmn:incoming>
      <bpmn:outgoing>f3</bpmn:outgoing></bpmn:exclusiveGateway>
    <bpmn:serviceTask id="reserve">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="stock.reserve" />
        <zeebe:ioMapping><zeebe:input source="= line.article" target="article" /></zeebe:ioMapping>
      </bpmn:extensionElements>
      <bpmn:incoming>f3</bpmn:incoming><bpmn:outgoing>f4</bpmn:outgoing>
      <bpmn:multiInstanceLoopCharacteristics isSequential="true">
        <bpmn:extensionElements>
          <zeebe:loopCharacteristics inputCollection="= lines" inputElement="line"
            outputCollection="reserved" outputElement="= quantity" />
        </bpmn:extensionElements>
      </bpmn:multiInstanceLoopCharacteristics>
    </bpmn:serviceTask>
    <bpmn:boundaryEvent id="short" attachedToRef="reserve">
      <bpmn:extensionElements><zeebe:ioMapping>
        <zeebe:output source="= article" target="missing" />
      </zeebe:ioMapping></bpmn:extensionElements>
      <bpmn:outgoing>f5</bpmn:outgoing>
      <bpmn:errorEventDefinition id="ed1" errorRef="e1" />
    </bpmn:boundaryEvent>
    <bpmn:intermediateCatchEvent id="goods"><bpmn:incoming>f5</bpmn:incoming><bpmn:outgoing>f6</bpmn:outgoing>
      <bpmn:messageEventDefinition id="md1" messageRef="m1" /></bpmn:intermediateCatchEvent>
    <bpmn:endEvent id="end"><bpmn:incoming>f4</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="prepare" />
    <bpmn:sequenceFlow id="f2" sourceRef="prepare" targetRef="merge" />
    <bpmn:sequenceFlow id="f3" sourceRef="merge" targetRef="reserve" />
    <bpmn:sequenceFlow id="f4" sourceRef="reserve" targetRef="end" />
    <bpmn:sequenceFlow id="f5" sourceRef="short" targetRef="goods" />
    <bpmn:sequenceFlow id="f6" sourceRef="goods" targetRef="merge" />
    <bpmn:sequenceFlow id="f8" sourceRef="late" targetRef="reminded" />
  </bpmn:process>
</bpmn:definitions>"""


def test_a_delivery_from_its_file() -> None:
    processes = read_processes(PROCESS.encode(), "delivery.bpmn")
    lines = [{"article": "A1"}, {"article": "A2"}]
    run = Run(Model(processes={each.id: each for each in processes}), "delivery", lines=lines, number="C7")
    created = run.first("task:created")
    assert (created.role, created.due_at) == ("warehouse", NOW + timedelta(days=1))
    assert run.state.variables_of(created.activity)["how_many"] == 2

    run(FireTimer(wait=run.wait("late")))
    assert run.completed[-1] == "reminded"
    run(CompleteTask(activity=created.activity, actor="walid", variables={"checked": True}))
    assert run.happened("timer:cancelled", "element") == ["late"]

    (need,) = run.state.needs
    assert need.variables == {"article": "A1"}
    run(ReturnHandler(activity=need.id, result={"quantity": Decimal(3)}))
    (need,) = run.state.needs
    run(ThrowError(activity=need.id, code="OUT_OF_STOCK", facts={"article": "A2"}))
    assert run.happened("message:awaited", "name", "key") == [("goods_received", "C7")]
    run(ReceiveMessage(wait=run.wait("goods"), name="goods_received"))

    for quantity in (3, 5):
        (need,) = run.state.needs
        run(ReturnHandler(activity=need.id, result={"quantity": Decimal(quantity)}))
    assert run.status == "completed"
    assert run.state.root_variables == {
        "lines": lines,
        "number": "C7",
        "order": {"checked": True},
        "missing": "A2",
        "reserved": [3, 5],
    }
