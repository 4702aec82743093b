"""Activities: the tasks and call activities."""

from __future__ import annotations

from collections.abc import Callable

from engine.feel import Expression
from engine.model.bpmn_parts import Part, fixed_reference, is_true_by_default, raw_property, variable_name
from engine.model.bpmn_people import has_assignment, read_role
from engine.model.elements import (
    Binding,
    BusinessRuleTask,
    CallActivity,
    ReceiveTask,
    ScriptTask,
    SendTask,
    ServiceTask,
    UserTask,
    VariableMapping,
)
from engine.model.event_definitions import Unreadable, read_message_reference
from engine.model.expressions import compiled, feel, feel_only, feel_or_text, moment_or_duration, quoted
from engine.model.problems import Problems
from engine.model.vocabulary import TRUE
from engine.model.xml_file import Element, child, reference, text_of


def read_user_task(part: Part) -> UserTask | None:
    """A person's task: its role or assignee, form, times, priority and four eyes."""
    problems = part.problems
    role = read_role(part)
    assignee = _optional(feel_or_text, part.extensions.get("assignmentDefinition", "assignee"), part, "assignee")
    if role is None and assignee is None and not has_assignment(part):
        problems.add("task_without_role", part.raw.element, place="assignment")
    different = raw_property(part.extensions, "notSameAs")
    if different is not None and not _is_other_user_task(different, part):
        problems.add("not_same_as_unknown", part.raw.element, place="notSameAs", task=different)
    return UserTask(
        **part.common,
        role=role,
        assignee=assignee,
        form=fixed_reference(part, "formDefinition", "formId"),
        due=_optional(moment_or_duration, part.extensions.get("taskSchedule", "dueDate"), part, "dueDate"),
        follow_up=_optional(
            moment_or_duration, part.extensions.get("taskSchedule", "followUpDate"), part, "followUpDate"
        ),
        priority=_read_priority(part),
        not_same_as=different,
    )


def _is_other_user_task(identity: str, part: Part) -> bool:
    other = part.reading.skeleton.nodes.get(identity)
    return other is not None and other.kind == "userTask" and other.id != part.raw.id


def _read_priority(part: Part) -> Expression | None:
    text = part.extensions.get("priorityDefinition", "priority")
    if not text:
        return None
    if text.startswith("="):
        return feel(text, part.problems, part.raw.element, "priority")
    if not text.isascii() or not text.isdigit() or int(text) > 100:
        part.problems.add("priority_invalid", part.raw.element, place="priority", text=text)
        return None
    return compiled(text, part.problems, part.raw.element, "priority")


_TextReader = Callable[[str, Problems, Element, str], Expression | None]


def _optional(read: _TextReader, text: str, part: Part, place: str) -> Expression | None:
    return read(text, part.problems, part.raw.element, place) if text else None


def read_service_task(part: Part) -> ServiceTask | None:
    """The work of a handler."""
    if not part.extensions.has("taskDefinition"):
        part.problems.add("handler_missing", part.raw.element, place="zeebe:taskDefinition")
        return None
    handler = fixed_reference(part, "taskDefinition", "type")
    return None if handler is None else ServiceTask(**part.common, handler=handler)


def read_script_task(part: Part) -> ScriptTask | ServiceTask | None:
    """One expression and its variable; as in Zeebe, a task definition makes it the work of a handler instead."""
    program = text_of(child(part.raw.element, "script"))
    element = part.raw.element
    language = (element.get("scriptFormat") or element.get("scriptLanguage") or "").strip()
    is_feel = "feel" in language.lower()
    if language and not is_feel and not program:
        part.problems.add("unsupported_script_format", element, place="scriptFormat", value=language)
        return None
    if program and not is_feel:
        return _read_program(part, program, language)
    if _has_one_of(part, "taskDefinition", "script"):
        return read_service_task(part)
    text = part.extensions.get("script", "expression")
    if program and text:
        part.problems.add("extension_contradiction", element, place="script", other="zeebe:script")
    result = part.extensions.get("script", "resultVariable")
    if not result or not (program or text):
        if not part.extensions.has("script") or program:
            part.problems.add("script_missing", element, place="zeebe:script")
        return None
    expression = feel(program, part.problems, element, "script") if program else None
    if not program:
        expression = feel_only(text, part.problems, element, "expression")
    name = variable_name(result, part, "resultVariable")
    return (
        None
        if expression is None or name is None
        else ScriptTask(**part.common, expression=expression, result_variable=name)
    )


def _read_program(part: Part, program: str, language: str) -> ServiceTask | None:
    """A script in another language is never run by the engine: the handler for its format is given its text, or it is refused."""
    handler = part.reading.scripts.get(language.lower())
    text = compiled(quoted(program), part.problems, part.raw.element, "script")
    if handler is None or text is None:
        code = "unsupported_script_format" if language else "unsupported_script"
        part.problems.add(code, part.raw.element, place="script", value=language)
        return None
    given = VariableMapping(source=text, target=("script",))
    return ServiceTask(**{**part.common, "inputs": (given, *part.common["inputs"])}, handler=handler)


def _has_one_of(part: Part, first: str, second: str) -> bool:
    """Is ``first`` there? Both together would say two different things."""
    if part.extensions.has(first) and part.extensions.has(second):
        part.problems.add("extension_contradiction", part.raw.element, place=f"zeebe:{first}", other=f"zeebe:{second}")
    return part.extensions.has(first)


def read_business_rule_task(part: Part) -> BusinessRuleTask | ServiceTask | None:
    """A decision and the variable of its result; as in Zeebe, a task definition makes it the work of a handler."""
    if _has_one_of(part, "taskDefinition", "calledDecision"):
        return read_service_task(part)
    if not part.extensions.has("calledDecision"):
        part.problems.add("decision_missing", part.raw.element, place="zeebe:calledDecision")
        return None
    decision = fixed_reference(part, "calledDecision", "decisionId")
    result = variable_name(part.extensions.get("calledDecision", "resultVariable"), part, "resultVariable")
    if decision is None or result is None:
        return None
    return BusinessRuleTask(**part.common, decision=decision, result_variable=result)


def read_call_activity(part: Part) -> CallActivity | None:
    """As in Zeebe, everything is propagated unless the file says otherwise; output mappings say otherwise.

    Plain BPMN (``calledElement``, no extension) passes nothing by itself.
    """
    plain = reference(part.raw.element.get("calledElement") or "")
    process = fixed_reference(part, "calledElement", "processId")
    if plain and process and plain != process:
        part.problems.add(
            "called_process_contradiction", part.raw.element, place="calledElement", first=plain, second=process
        )
        return None
    if not plain and "processId" not in part.extensions.attributes.get("calledElement", {}):
        part.problems.add("called_process_missing", part.raw.element, place="calledElement")
    target = process or plain
    if not target:
        return None
    by_extension = part.extensions.has("calledElement")
    binding = part.extensions.get("calledElement", "bindingType") or Binding.DEPLOYMENT
    return CallActivity(
        **part.common,
        process=target,
        binding=Binding(binding) if binding in set(Binding) else Binding.DEPLOYMENT,
        version_tag=part.extensions.get("calledElement", "versionTag") or None,
        propagates_all_in=by_extension
        and is_true_by_default(part.extensions.get("calledElement", "propagateAllParentVariables")),
        propagates_all_out=by_extension
        and not part.extensions.outputs
        and is_true_by_default(part.extensions.get("calledElement", "propagateAllChildVariables")),
    )


def read_receive_task(part: Part) -> ReceiveTask | None:
    """A wait for a message, or (``instantiate``) where a message begins an instance."""
    message = read_message_reference(part.raw.element, part.raw.element, part.reading.declarations, part.problems)
    if isinstance(message, Unreadable):
        return None
    is_instantiating = part.raw.element.get("instantiate") in TRUE
    if is_instantiating and part.raw.scope != part.reading.skeleton.id:
        part.problems.add("instantiate_not_here", part.raw.element, place="instantiate")
    if not is_instantiating and message.correlation_key is None:
        part.problems.add(
            "message_key_missing", part.raw.element, place="correlationKey", severity="warning", message=message.name
        )
    return ReceiveTask(**part.common, message=message, is_instantiating=is_instantiating)


def read_send_task(part: Part) -> SendTask | ServiceTask | None:
    """A message that is thrown; as in Zeebe, a task definition makes it the work of a handler."""
    if part.extensions.has("taskDefinition"):
        return read_service_task(part)
    message = read_message_reference(part.raw.element, part.raw.element, part.reading.declarations, part.problems)
    return None if isinstance(message, Unreadable) else SendTask(**part.common, message=message)
