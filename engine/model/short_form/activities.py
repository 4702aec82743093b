"""The steps that are done: by people, handlers, decisions, other processes. What a step says becomes what its BPMN element carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.model.elements import Binding
from engine.model.short_form import times
from engine.model.short_form.events import declare_message
from engine.model.short_form.sheet import Sheet, Spot
from engine.model.xml_file import Element
from engine.model.yaml_file import Path

Step = Mapping[str, Any]

EVERYTHING = "everything"
REFUSED = "save nothing and tell whoever acted"
"""What then, of an error for which nothing else is done."""


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
    if "not the person who did" in step:
        sheet.set_property(task, "notSameAs", step["not the person who did"])
    _places(sheet, task, path, assignee="person", dueDate="due", followUpDate="follow up", priority="priority")
    _places(sheet, task, path, form="form", role="who", notSameAs="not the person who did")
    return task


def _time(sheet: Sheet, text: str, path: Path) -> str:
    try:
        return times.duration(text)
    except times.NotATime:
        sheet.refuse("short_form_time", path, text=text)
        return "PT1H"  # anything that makes no second problem


def _do(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    task = sheet.node("serviceTask", step["do"], spot, path, step)
    sheet.extend(task, "taskDefinition", type=step["program"])
    refused = [
        (position, each["because"])
        for position, each in enumerate(step.get("if it fails", ()))
        if each["then"] == REFUSED
    ]
    if refused:
        codes = [code for _, said in refused for code in ([said] if isinstance(said, str) else said)]
        sheet.set_property(task, "refuses", ", ".join(codes))
        sheet.sources[task.get("id") or "", "refuses"] = (*path, "if it fails", refused[0][0])
    _places(sheet, task, path, handler="program")
    return task


def _compute(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    task = sheet.node("scriptTask", step["compute"], spot, path, step)
    ((name, value),) = step["set"].items()
    sheet.extend(task, "script", expression=times.feel(value), resultVariable=name)
    _places(sheet, task, (*path, "set"), expression=name, resultVariable=name)
    return task


def _look_up(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    task = sheet.node("businessRuleTask", step["look up"], spot, path, step)
    sheet.extend(task, "calledDecision", decisionId=step["in table"], resultVariable=step["result"])
    _places(sheet, task, path, decision="in table", resultVariable="result")
    return task


def _receive(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    return sheet.node("receiveTask", step["receive"], spot, path, step, messageRef=declare_message(sheet, step, path))


def _call(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    activity = sheet.node("callActivity", step["call"], spot, path, step)
    sheet.extend(
        activity,
        "calledElement",
        processId=step["process"],
        **_version(step),
        propagateAllParentVariables=str(step.get("send") == EVERYTHING).lower(),
        propagateAllChildVariables=str(step.get("get") == EVERYTHING).lower(),
    )
    _places(sheet, activity, path, calledElement="process")
    return activity


def _version(step: Step) -> dict[str, str]:
    """Which version is called, where it is not that of the caller."""
    version = step.get("version", "").strip()
    if version in {"", Binding.LATEST}:
        return {"bindingType": version} if version else {}
    return {"bindingType": Binding.VERSION_TAG, "versionTag": version}


def _step(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    return sheet.node("task", step["step"], spot, path, step)


def _group(sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    return sheet.node("subProcess", step["group"], spot, path, step)


ACTIVITIES: Mapping[str, Callable[[Sheet, Step, Path, Spot], Element]] = {
    "ask": _ask,
    "do": _do,
    "compute": _compute,
    "look up": _look_up,
    "receive": _receive,
    "group": _group,
    "call": _call,
    "step": _step,
}
"""How each of them is drawn, by its verb."""


def draw_activity(verb: str, sheet: Sheet, step: Step, path: Path, spot: Spot) -> Element:
    """The activity with what all of them may say: values handed over and kept, and how often it is done."""
    activity = ACTIVITIES[verb](sheet, step, path, spot)
    if verb != "compute":  # what it sets is its result
        sheet.hand_over(activity, step, path)
    if "repeat" in step:
        _repeat(sheet, activity, step["repeat"], (*path, "repeat"))
    return activity


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
        ((collected, value),) = said["collect"].items()
        items["outputCollection"], items["outputElement"] = collected, times.feel(value)
        _places(sheet, activity, (*path, "collect"), outputCollection=collected, outputElement=collected)
    sheet.extend(marker, "loopCharacteristics", **items)
    if "enough when" in said:
        sheet.add(marker, "completionCondition").text = times.feel(said["enough when"])
    _places(sheet, activity, path, inputCollection="in", inputElement="for each", completionCondition="enough when")


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
