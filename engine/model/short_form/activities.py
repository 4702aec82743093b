"""The steps that are done: by people, handlers, decisions, other processes. What a step says becomes what its BPMN element carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.model.short_form import times
from engine.model.short_form.events import declare_message
from engine.model.short_form.sheet import Sheet, Spot
from engine.model.xml_file import Element
from engine.model.yaml_file import Path

Step = Mapping[str, Any]

EVERYTHING = "everything"


def _ask(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    task = sheet.node("userTask", step["ask"], spot, path, step)
    sheet.extend(task, "userTask")
    assigned = {"candidateGroups": step["who"]} if "who" in step else {}
    if "person" in step:
        assigned["assignee"] = times.feel(step["person"])
    sheet.extend(task, "assignmentDefinition", **assigned)
    if "form" in step:
        sheet.extend(task, "formDefinition", formId=step["form"])
    schedule = {
        attribute: _time(sheet, step[key], (*path, key))
        for key, attribute in (("due", "dueDate"), ("follow up", "followUpDate"))
        if key in step
    }
    if schedule:
        sheet.extend(task, "taskSchedule", **schedule)
    if "priority" in step:
        sheet.extend(task, "priorityDefinition", priority=times.feel(step["priority"]))
    if "other person than" in step:
        sheet.set_property(task, "notSameAs", step["other person than"])
    _places(sheet, task, path, assignee="person", dueDate="due", followUpDate="follow up", priority="priority")
    _places(sheet, task, path, formDefinition="form", notSameAs="other person than")
    return task


def _time(sheet: Sheet, text: str, path: Path) -> str:
    try:
        return times.duration(text)
    except times.NotATime:
        sheet.refuse("short_form_time", path, text=text)
        return "PT1H"  # anything that makes no second problem


def _do(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    task = sheet.node("serviceTask", step["do"], spot, path, step)
    sheet.extend(task, "taskDefinition", type=step["handler"])
    if "refuses" in step:
        sheet.set_property(task, "refuses", ", ".join(step["refuses"]))
    _places(sheet, task, path, handler="handler")
    return task


def _compute(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    task = sheet.node("scriptTask", step["compute"], spot, path, step)
    sheet.extend(task, "script", expression=times.feel(step["value"]), resultVariable=step["as"])
    _places(sheet, task, path, expression="value", resultVariable="as")
    return task


def _decide(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    task = sheet.node("businessRuleTask", step["decide"], spot, path, step)
    sheet.extend(task, "calledDecision", decisionId=step["table"], resultVariable=step["as"])
    _places(sheet, task, path, decision="table", resultVariable="as")
    return task


def _receive(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    return sheet.node("receiveTask", step["receive"], spot, path, step, messageRef=declare_message(sheet, step, path))


def _call(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    activity = sheet.node("callActivity", step["call"], spot, path, step)
    sheet.extend(
        activity,
        "calledElement",
        processId=step["process"],
        propagateAllParentVariables=str(step.get("with") == EVERYTHING).lower(),
        propagateAllChildVariables=str(step.get("keep") == EVERYTHING).lower(),
    )
    _places(sheet, activity, path, calledElement="process")
    return activity


def _step(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    return sheet.node("task", step["step"], spot, path, step)


def _group(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    return sheet.node("subProcess", step["group"], spot, path, step)


ACTIVITIES: Mapping[str, Callable[[Sheet, Step, Path, Spot], Element]] = {
    "ask": _ask,
    "do": _do,
    "compute": _compute,
    "decide": _decide,
    "receive": _receive,
    "group": _group,
    "call": _call,
    "step": _step,
}
"""How each of them is drawn, by its verb."""


def draw_activity(verb: str, sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    """The activity with what all of them may say: values handed over and kept, and how often it is done."""
    activity = ACTIVITIES[verb](sheet, step, path, spot)
    hand_over(sheet, activity, step, path)
    if "repeat" in step:
        _repeat(sheet, activity, step["repeat"], (*path, "repeat"))
    return activity


def hand_over(sheet: Sheet, element: Element, said: Mapping[str, Any], path: Path) -> None:
    """The values that go in (``with``) and that come out (``keep``)."""
    for key, direction in (("with", "input"), ("keep", "output")):
        if isinstance(said.get(key), list):
            sheet.map_values(element, direction, said[key], (*path, key))


def _repeat(sheet: Sheet, activity: Element, said: Mapping[str, Any], path: Path) -> None:
    if "in" not in said:
        _repeat_while(sheet, activity, said, path)
        return
    marker = sheet.add(
        activity, "multiInstanceLoopCharacteristics", isSequential="true" if "one at a time" in said else None
    )
    items = {"inputCollection": times.feel(said["in"])}
    if "for each" in said:
        items["inputElement"] = said["for each"]
    if "collect" in said:
        items["outputCollection"] = said["collect"]["as"]
        items["outputElement"] = times.feel(said["collect"]["value"])
    sheet.extend(marker, "loopCharacteristics", **items)
    if "enough when" in said:
        sheet.add(marker, "completionCondition").text = times.feel(said["enough when"])
    _places(sheet, activity, path, inputCollection="in", inputElement="for each", completionCondition="enough when")
    _places(sheet, activity, (*path, "collect"), outputCollection="as", outputElement="value")


def _repeat_while(sheet: Sheet, activity: Element, said: Mapping[str, Any], path: Path) -> None:
    word = "while" if "while" in said else "again while"
    most = said.get("at most")
    marker = sheet.add(
        activity,
        "standardLoopCharacteristics",
        testBefore="true" if word == "while" else None,
        loopMaximum=None if most is None else str(most),
    )
    sheet.add(marker, "loopCondition").text = times.feel(said[word])
    _places(sheet, activity, path, loopCondition=word)


def _places(sheet: Sheet, element: Element, path: Path, **places: str) -> None:
    """Where in the form a place of the element stands."""
    for place, key in places.items():
        sheet.sources[element.get("id") or "", place] = (*path, key)
