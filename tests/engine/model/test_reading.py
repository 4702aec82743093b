"""What the reader makes of constructs whose meaning is not written in one place: data, people, scripts, foreign vocabularies."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DefinitionError
from engine.feel import Environment
from engine.kernel import advance
from engine.kernel.state import ROOT
from engine.model.bpmn_reader import read_process_file, read_processes
from engine.model.elements import (
    Binding,
    BoundaryEvent,
    BusinessRuleTask,
    CallActivity,
    Model,
    MultiInstanceBehavior,
    ScriptTask,
    ServiceTask,
    SignalDefinition,
    Task,
    UserTask,
)
from engine.protocol.events import ElementEntered, IncidentRaised, InstanceCompleted, TaskCreated
from engine.protocol.stimuli import CompleteTask, Start

FILES = Path(__file__).with_name("files")
NOW = Environment(now=datetime(2026, 11, 22, tzinfo=UTC))
NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
)


def definitions(inside: str) -> bytes:
    return f'<definitions {NAMESPACES} id="d">{inside}</definitions>'.encode()


def around(activity: str) -> bytes:
    """A process of a start, one activity (``a``) and an end."""
    return definitions(
        f'<process id="p" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="a"/>'
        f'{activity}<sequenceFlow id="g" sourceRef="a" targetRef="e"/><endEvent id="e"/></process>'
    )


def node(activity: str, **given: Any) -> Any:
    (process,) = read_processes(around(activity), "x.bpmn", **given)
    return process.nodes["a"]


def problems(xml: bytes) -> set[tuple[str, str | None]]:
    with pytest.raises(DefinitionError) as caught:
        read_processes(xml, "x.bpmn")
    return {(each.code, each.element_id) for each in caught.value.problems if each.severity == "error"}


@pytest.fixture(scope="module")
def nodes() -> dict[str, Any]:
    """All nodes of the files with every construct."""
    return {
        identity: each
        for path in FILES.glob("*.bpmn")
        for process in read_process_file(path.read_bytes(), path.name).processes
        for identity, each in process.nodes.items()
    }


# -- global tasks -----------------------------------------------------------------------------------------------------------------------


def test_a_global_task_is_a_process_of_one_task(nodes: dict[str, Any]) -> None:
    assert type(nodes["global_any"]) is type(nodes["global_manual"]) is Task
    assert isinstance(nodes["global_user"], UserTask)
    assert nodes["global_user"].role == nodes["global_clerk"].role == "clerk"
    assert isinstance(nodes["global_rule"], BusinessRuleTask)
    assert nodes["global_text"].expression.source == "1 + 2"


def test_a_call_activity_runs_a_global_task() -> None:
    file = definitions(
        '<globalScriptTask id="count"><extensionElements><zeebe:script expression="= 40 + more" resultVariable="found"/>'
        '</extensionElements></globalScriptTask><process id="p" isExecutable="true"><startEvent id="s"/>'
        '<sequenceFlow id="f" sourceRef="s" targetRef="c"/><callActivity id="c" calledElement="count"><extensionElements>'
        '<zeebe:ioMapping><zeebe:input source="= 2" target="more"/><zeebe:output source="= found" target="all"/>'
        "</zeebe:ioMapping></extensionElements></callActivity></process>"
    )
    model = Model(processes={each.id: each for each in read_processes(file, "x.bpmn")})
    state, events = advance(model, None, Start(process="p"), NOW)
    assert any(isinstance(each, InstanceCompleted) for each in events)
    assert state.status == "completed"
    assert state.variables_of(ROOT)["all"] == 42


def test_a_person_does_a_global_user_task() -> None:
    read = read_processes((FILES / "activities.bpmn").read_bytes(), "activities.bpmn")
    model = Model(processes={each.id: each for each in read})
    state, events = advance(model, None, Start(process="global_user"), NOW)
    (task,) = (each for each in events if isinstance(each, TaskCreated))
    _, events = advance(model, state, CompleteTask(activity=task.activity, actor="eve"), NOW)
    assert any(isinstance(each, InstanceCompleted) for each in events)


# -- data -------------------------------------------------------------------------------------------------------------------------------


def test_a_property_of_a_sub_process_is_a_variable_of_its_own(nodes: dict[str, Any]) -> None:
    (mapping,) = nodes["apart"].inputs
    assert (mapping.source.source, mapping.target) == ("null", ("total",))


def test_what_is_written_to_a_property_stays_in_its_sub_process() -> None:
    script = '<extensionElements><zeebe:script expression="= {}" resultVariable="total"/></extensionElements>'
    inner = (
        f'<subProcess id="a"><property id="t" name="total"/><scriptTask id="in">{script.format(2)}</scriptTask></subProcess>'
        '<sequenceFlow id="h" sourceRef="a" targetRef="u"/><userTask id="u" name="U"><extensionElements>'
        '<zeebe:assignmentDefinition candidateGroups="x"/></extensionElements></userTask>'
    )
    (process,) = read_processes(around(inner), "x.bpmn")
    state, events = advance(Model(processes={"p": process}), None, Start(process="p", variables={"total": 1}), NOW)
    (task,) = (each for each in events if isinstance(each, TaskCreated))
    assert not any(isinstance(each, IncidentRaised) for each in events)
    assert state.variables_of(task.activity)["total"] == 1


def test_multi_instance_over_data_of_plain_bpmn(nodes: dict[str, Any]) -> None:
    many = nodes["each"].multi_instance
    assert many.input_collection.source == "lines"
    assert (many.input_element, many.output_collection, many.output_element.source) == ("line", "counts", "count")


def test_multi_instance_follows_the_association_to_its_data() -> None:
    read = node(
        '<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="x.y"/></extensionElements><ioSpecification id="i">'
        '<dataInput id="in"/><inputSet/><outputSet/></ioSpecification><dataInputAssociation id="l"><sourceRef>rows</sourceRef>'
        "<targetRef>in</targetRef></dataInputAssociation><multiInstanceLoopCharacteristics><loopDataInputRef>in</loopDataInputRef>"
        '</multiInstanceLoopCharacteristics></serviceTask><dataObject id="rows"/>'
    )
    assert read.multi_instance.input_collection.source == "rows"
    assert read.inputs == ()


def test_data_that_changes_its_name_is_refused() -> None:
    assert problems(
        around(
            '<task id="a"><ioSpecification id="i"><dataInput id="in" name="order"/><inputSet/><outputSet/></ioSpecification>'
            '<dataInputAssociation id="l"><sourceRef>data</sourceRef><targetRef>in</targetRef></dataInputAssociation></task>'
            '<dataObject id="data" name="invoice"/>'
        )
    ) == {("unsupported_data_association", "a")}


DATA = (
    '<ioSpecification id="i"><dataInput id="in"/><dataOutput id="out"/><inputSet/><outputSet/></ioSpecification>'
    '<dataInputAssociation id="l"><sourceRef>here</sourceRef><targetRef>in</targetRef></dataInputAssociation>'
    '<dataOutputAssociation id="m"><sourceRef>out</sourceRef><targetRef>result</targetRef></dataOutputAssociation>'
)
OBJECTS = '<dataObject id="o" name="order"/><dataObjectReference id="here" dataObjectRef="o"/><dataObject id="result"/>'


def mapped(mappings: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.source.source, each.target) for each in mappings]


def test_an_association_hands_a_value_to_a_called_process_and_back() -> None:
    read = node(f'<callActivity id="a" calledElement="q">{DATA}</callActivity>{OBJECTS}')
    assert mapped(read.inputs) == [("order", ("order",))]
    assert mapped(read.outputs) == [("result", ("result",))]
    assert not read.propagates_all_out


def test_an_association_hands_a_value_to_a_handler_unless_a_mapping_does() -> None:
    task = (
        '<extensionElements><zeebe:taskDefinition type="x.y"/>{}</extensionElements>',
        '<zeebe:ioMapping><zeebe:input source="= other" target="order"/></zeebe:ioMapping>',
    )
    read = node(f'<serviceTask id="a">{task[0].format("")}{DATA}</serviceTask>{OBJECTS}')
    assert mapped(read.inputs) == [("order", ("order",))]
    assert read.outputs == ()
    read = node(f'<serviceTask id="a">{task[0].format(task[1])}{DATA}</serviceTask>{OBJECTS}')
    assert mapped(read.inputs) == [("other", ("order",))]


def test_an_association_puts_a_value_into_a_message() -> None:
    event = (
        '<intermediateThrowEvent id="a"><dataInput id="in"/><dataInputAssociation id="l"><sourceRef>here</sourceRef>'
        f"<targetRef>in</targetRef></dataInputAssociation><inputSet/></intermediateThrowEvent>{OBJECTS}"
    )
    assert mapped(node(event).inputs) == [("order", ("order",))]


def test_multi_instance_behaviours(nodes: dict[str, Any]) -> None:
    assert nodes["signals"].multi_instance.behavior is MultiInstanceBehavior.NONE
    assert nodes["signals"].multi_instance.event == SignalDefinition(name="one.done")
    assert [each.event.name for each in nodes["complex"].multi_instance.complex[:1]] == ["one.done"]


@pytest.mark.parametrize(
    ("behaviour", "thrown", "caught", "warned", "is_interrupting"),
    [
        ("None", "none", '<signalEventDefinition signalRef="x"/>', True, False),
        ("One", "one", '<signalEventDefinition signalRef="x"/>', True, False),
        ("One", "one", '<signalEventDefinition signalRef="y"/>', False, True),
        ("One", "one", "<escalationEventDefinition/>", False, True),
        ("None", "none", "<errorEventDefinition/>", False, True),
    ],
)
def test_a_boundary_event_that_catches_what_items_throw_ends_nothing(
    behaviour: str, thrown: str, caught: str, *, warned: bool, is_interrupting: bool
) -> None:
    xml = definitions(
        '<signal id="x" name="x"/><signal id="y" name="y"/><signalEventDefinition id="d1" signalRef="x"/>'
        '<process id="p" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="a"/>'
        f'<task id="a"><multiInstanceLoopCharacteristics behavior="{behaviour}"'
        f' {thrown}BehaviorEventRef="d1"><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></task>'
        f'<boundaryEvent id="b" attachedToRef="a">{caught}</boundaryEvent>'
        '<sequenceFlow id="g" sourceRef="b" targetRef="e"/><endEvent id="e"/></process>'
    )
    read = read_process_file(xml, "x.bpmn")
    (process,) = read.processes
    warnings = [(each.code, each.element_id) for each in read.warnings]
    assert (("items_go_on", "b") in warnings) is warned
    boundary = process.nodes["b"]
    assert isinstance(boundary, BoundaryEvent)
    assert boundary.is_interrupting is is_interrupting


def test_items_that_throw_an_escalation_pass_a_token_each_and_all_complete() -> None:
    xml = definitions(
        '<escalation id="x" escalationCode="X"/><escalationEventDefinition id="d1" escalationRef="x"/>'
        '<process id="p" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="a"/>'
        '<task id="a"><multiInstanceLoopCharacteristics isSequential="true" behavior="None" noneBehaviorEventRef="d1">'
        "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></task>"
        '<boundaryEvent id="b" attachedToRef="a"><escalationEventDefinition/></boundaryEvent>'
        '<sequenceFlow id="g" sourceRef="b" targetRef="seen"/><endEvent id="seen"/></process>'
    )
    model = Model(processes={each.id: each for each in read_processes(xml, "x.bpmn")})
    _, events = advance(model, None, Start(process="p"), NOW)
    entered = Counter(each.element for each in events if isinstance(each, ElementEntered))
    assert (entered["a"], entered["seen"]) == (4, 3)  # the activity as a whole, and its three items
    assert isinstance(events[-1], InstanceCompleted)


# -- people and scripts -----------------------------------------------------------------------------------------------------------------


def test_a_potential_owner_is_a_role(nodes: dict[str, Any]) -> None:
    assert nodes["pick"].role == "picker"


@pytest.mark.parametrize("text", ["= role", "group(management)", "a, b", "", "get role()"])
def test_a_potential_owner_that_is_computed_is_refused(text: str) -> None:
    owner = (
        f"<potentialOwner id='o'><resourceAssignmentExpression id='r'><formalExpression>{text}</formalExpression>"
        "</resourceAssignmentExpression></potentialOwner>"
    )
    assert problems(around(f'<userTask id="a">{owner}</userTask>')) == {("unsupported_resource_role", "a")}


def test_a_script_goes_to_the_evaluator_of_its_format() -> None:
    python = '<scriptTask id="a" scriptFormat="Python"><script>x = 1</script></scriptTask>'
    read = node(python, scripts={"python": "run_python"})
    assert isinstance(read, ServiceTask)
    assert (read.handler, read.inputs[0].source.source, read.inputs[0].target) == ("run_python", '"x = 1"', ("script",))
    assert problems(around(python)) == {("unsupported_script_format", "a")}
    bare = '<scriptTask id="a"><script>x = 1</script></scriptTask>'
    assert node(bare, scripts={"": "run"}).handler == "run"
    assert problems(around(bare)) == {("unsupported_script", "a")}


def test_feel_is_evaluated_here(nodes: dict[str, Any]) -> None:
    assert isinstance(nodes["price"], ScriptTask)
    assert (nodes["price"].expression.source, nodes["price"].result_variable) == ("2 * 3", "price")
    assert problems(around('<scriptTask id="a" scriptFormat="feel"><script>1</script></scriptTask>')) == {
        ("script_missing", "a")
    }


# -- foreign vocabularies ---------------------------------------------------------------------------------------------------------------


def test_constants_of_camunda_7_are_read(nodes: dict[str, Any]) -> None:
    check = nodes["check"]
    assert (check.role, check.form, check.assignee.source) == ("office", "check", '"eve"')
    assert (check.due.source, check.priority.source) == ('date and time("2027-01-01T09:00:00")', "50")
    assert [(each.source.source, each.target) for each in check.inputs] == [('"normal"', ("kind",))]
    assert nodes["recheck"].form == "check"
    assert nodes["ship"].handler == "shop.ship"
    assert nodes["ship"].multi_instance.input_collection.source == "lines"
    call = nodes["call"]
    assert isinstance(call, CallActivity)
    assert (call.process, call.propagates_all_in, call.propagates_all_out) == ("buyer", False, True)
    assert [(each.source.source, each.target) for each in call.inputs] == [("price", ("amount",))]


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ('camunda:assignee="${order.owner}"', "foreign_expression"),
        ('camunda:dueDate="#{now()}"', "foreign_expression"),
        ('camunda:formKey="embedded:app:forms/x.html"', "foreign_execution"),
        ('camunda:formRef="x" camunda:formRefBinding="latest"', "extension_binding_unsupported"),
        ('camunda:candidateUsers="eve"', "foreign_execution"),
        ('camunda:candidateGroups="a,b"', "role_several"),
        ('camunda:assignee="= x"', "foreign_execution"),
        ('spiffworkflow:allowGuest="true"', "foreign_execution"),
    ],
)
def test_what_only_the_other_engine_means_is_refused(attribute: str, code: str) -> None:
    task = f'<userTask id="a" {attribute}><extensionElements><zeebe:assignmentDefinition candidateGroups="x"/></extensionElements>'
    found = (
        problems(around(f"{task}</userTask>"))
        if "Groups" not in attribute
        else problems(around(f'<userTask id="a" {attribute}/>'))
    )
    assert (code, "a") in found


def test_a_juel_expression_is_told_how_it_is_said_here() -> None:
    with pytest.raises(DefinitionError) as caught:
        read_processes(around('<userTask id="a" camunda:assignee="${order.owner}"/>'), "x.bpmn")
    (problem,) = (each for each in caught.value.problems if each.code == "foreign_expression")
    assert problem.facts == {"name": "camunda:assignee", "text": "${order.owner}", "feel": "= order.owner"}


@pytest.mark.parametrize(
    "extension",
    [
        "<zeebe:taskListeners/>",
        "<zeebe:executionListeners/>",
        "<zeebe:linkedResources/>",
        "<zeebe:adHoc/>",
        "<zeebe:userTaskForm/>",
        "<camunda:executionListener/>",
        "<camunda:taskListener/>",
        "<camunda:formData/>",
        '<camunda:inputOutput><camunda:outputParameter name="x">1</camunda:outputParameter></camunda:inputOutput>',
        '<camunda:inputOutput><camunda:inputParameter name="x"><camunda:script/></camunda:inputParameter></camunda:inputOutput>',
        '<camunda:inputOutput><camunda:inputParameter name="x">${y}</camunda:inputParameter></camunda:inputOutput>',
        "<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>",
        "<spiffworkflow:properties/>",
    ],
)
def test_extensions_that_would_do_something_are_refused(extension: str) -> None:
    task = (
        f'<userTask id="a"><extensionElements><zeebe:assignmentDefinition candidateGroups="x"/>{extension}'
        "</extensionElements></userTask>"
    )
    codes = {code for code, element in problems(around(task)) if element == "a"}
    assert codes & {"extension_unsupported", "foreign_execution", "foreign_expression"}


def test_a_filter_of_a_condition_is_refused() -> None:
    event = (
        '<intermediateCatchEvent id="a"><conditionalEventDefinition id="c"><extensionElements>'
        '<zeebe:conditionalFilter variableNames="x"/></extensionElements><condition>x</condition>'
        "</conditionalEventDefinition></intermediateCatchEvent>"
    )
    assert problems(around(event)) == {("extension_unsupported", "a")}


@pytest.mark.parametrize(
    ("binding", "read"),
    [
        ("", (Binding.DEPLOYMENT, None)),
        ('bindingType="deployment"', (Binding.DEPLOYMENT, None)),
        ('bindingType="latest"', (Binding.LATEST, None)),
        ('bindingType="versionTag" versionTag=" v1 "', (Binding.VERSION_TAG, "v1")),
    ],
)
def test_what_is_called_is_of_this_version_or_of_another(binding: str, read: tuple[Binding, str | None]) -> None:
    extension = f'<zeebe:calledElement processId="p" {binding}/>'
    call = node(f'<callActivity id="a"><extensionElements>{extension}</extensionElements></callActivity>')
    assert isinstance(call, CallActivity)
    assert (call.binding, call.version_tag) == read


@pytest.mark.parametrize("binding", ['bindingType="any"', 'bindingType="versionTag"', 'versionTag="v1"'])
def test_a_call_says_clearly_which_version_it_means(binding: str) -> None:
    called = f'<callActivity id="a"><extensionElements><zeebe:calledElement processId="p" {binding}/></extensionElements></callActivity>'
    assert problems(around(called)) == {("called_binding_invalid", "a")}
