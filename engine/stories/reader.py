"""``stories/<name>.yaml`` to stories: the form of the file. Whether it fits a process is asked by ``checks``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from engine.errors import DefinitionError, Fact, Problem
from engine.feel import Expression
from engine.model import schedules
from engine.model.form_reader import yaml_expression
from engine.model.yaml_file import Path, YamlFile, parse_yaml, problems_by
from engine.stories import story as parts
from engine.stories.story import Story
from engine.stories.values import given

_STEPS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "task": (frozenset({"by"}), frozenset({"answers", "variables", "item", "which"})),
    "handler": (frozenset(), frozenset({"returns", "raises", "facts", "fails", "item", "which"})),
    "message": (frozenset(), frozenset({"key", "payload", "to", "item", "which"})),
    "signal": (frozenset(), frozenset({"payload"})),
    "timer": (frozenset(), frozenset({"item", "which"})),
    "after": (frozenset(), frozenset()),
    "at": (frozenset(), frozenset()),
    "retry": (frozenset(), frozenset({"which"})),
    "cancel": (frozenset(), frozenset()),
    "expect": (frozenset(), frozenset()),
}
"""Each kind of step by its key: the keys that must go with it, those that may."""


def read_story(content: bytes, file: str) -> Story:
    """Read a story. Raises DefinitionError with every problem found."""
    document = parse_yaml(content, file)
    problems = problems_by(document, _validator())
    if problems:
        raise DefinitionError(problems)
    reader = _Reader(document)
    story = reader.story()
    if reader.problems:
        raise DefinitionError(tuple(reader.problems))
    return story


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(files("engine.stories").joinpath("schema.json").read_text(encoding="utf-8")))


class _Reader:
    """One file being read; ``problems`` are noted on the way."""

    def __init__(self, document: YamlFile) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def story(self) -> Story:
        data = self.document.data
        people, start = data.get("people"), data["start"]
        steps = [self._step(each, number) for number, each in enumerate(data.get("steps", ()))]
        return Story(
            title=data["title"],
            process=data["process"],
            start=parts.Start(
                at=self._moment(start["at"], ("start", "at")),
                by=start.get("by"),
                event=start.get("event"),
                answers=self._values(start, "answers", ("start",)) if "answers" in start else None,
                variables=self._values(start, "variables", ("start",)) if "variables" in start else None,
            ),
            steps=tuple(each for each in steps if each is not None),
            ending=self._ending(data["expect"]),
            document=self.document,
            people=None if people is None else {login: tuple(roles) for login, roles in people.items()},
            choices={name: tuple(values) for name, values in data.get("choices", {}).items()},
            has_own_timers=data.get("timers") == "when_told",
        )

    def _note(self, code: str, path: Path, **facts: Fact) -> None:
        self.problems.append(self.document.problem(code, path, **facts))

    def _values(self, data: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = given(data.get(key, {}), self._expression, (*path, key))
        return found

    def _expression(self, path: Path, text: str) -> Expression | None:
        return yaml_expression(self.document, path, text, self.problems)

    def _moment(self, text: str, path: Path) -> str:
        try:
            is_moment = datetime.fromisoformat(text).year in parts.YEARS
        except ValueError:
            is_moment = False
        if not is_moment:
            self._note("story_not_a_moment", path, text=text)
        return text

    def _duration(self, text: str, path: Path) -> str:
        try:
            schedules.period_of(text)
        except schedules.NotATime:
            self._note("story_not_a_duration", path, text=text)
        return text

    # -- steps ----------------------------------------------------------------------------------------------------------------------

    def _step(self, data: Mapping[str, Any], position: int) -> parts.Step | None:
        path: Path = ("steps", position)
        # `at` alone is the clock; so is `expect`: a step has one of these keys
        kinds = [key for key in _STEPS if key in data]
        if len(kinds) != 1:
            self._note("story_step_kind", path, kinds=", ".join(kinds) or None, possible=", ".join(_STEPS))
            return None
        kind = kinds[0]
        needed, possible = _STEPS[kind]
        for key in data:
            if key != kind and key not in needed | possible:
                self._note("story_key_not_here", (*path, key), key=key, kind=kind)
        for key in sorted(needed):
            if key not in data:
                self._note("story_key_missing", path, key=key, kind=kind)
        if kind == "handler" and sum(key in data for key in ("returns", "raises", "fails")) > 1:
            self._note("story_handler_one_of", path)
        if "facts" in data and "raises" not in data:
            self._note("story_facts_without_error", (*path, "facts"))
        return self._made(kind, data, path, position + 1)

    def _made(self, kind: str, data: Mapping[str, Any], path: Path, number: int) -> parts.Step:
        at: Any = {"place": path, "number": number}
        chosen: Any = {"item": data.get("item"), "which": data.get("which")}
        match kind:
            case "task":
                return parts.TaskStep(
                    **at,
                    element=data["task"],
                    by=data.get("by", ""),
                    answers=self._values(data, "answers", path),
                    variables=self._values(data, "variables", path) if "variables" in data else None,
                    **chosen,
                )
            case "handler":
                return parts.HandlerStep(
                    **at,
                    element=data["handler"],
                    returns=self._values(data, "returns", path),
                    raises=data.get("raises"),
                    facts=data.get("facts", {}),
                    fails=data.get("fails"),
                    **chosen,
                )
            case "message":
                payload = self._values(data, "payload", path)
                key = _key(data.get("key"))
                return parts.MessageStep(
                    **at, name=data["message"], key=key, payload=payload, to=data.get("to"), **chosen
                )
            case "signal":
                return parts.SignalStep(**at, name=data["signal"], payload=self._values(data, "payload", path))
            case "timer":
                return parts.TimerStep(**at, element=data["timer"], **chosen)
            case "after":
                return parts.ClockStep(**at, after=self._duration(data["after"], (*path, "after")))
            case "at":
                return parts.ClockStep(**at, at=self._moment(data["at"], (*path, "at")))
            case "retry":
                return parts.RetryStep(**at, element=data["retry"], which=data.get("which"))
            case "cancel":
                return parts.CancelStep(**at, reason=data["cancel"])
            case _:
                where: Path = (*path, "expect")
                expected = data["expect"]
                return parts.ExpectStep(
                    **at, expectation=parts.Expectation(**self._expected(expected, where), waiting=_elements(expected))
                )

    # -- what is expected -----------------------------------------------------------------------------------------------------------

    def _expected(self, data: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """What expectations at any moment have in common."""
        incidents = data.get("incidents")
        return {
            "place": path,
            "variables": self._values(data, "variables", path),
            "due": {
                element: self._moment(text, (*path, "due", element)) for element, text in data.get("due", {}).items()
            },
            "incidents": None
            if incidents is None
            else tuple(parts.IncidentExpected(element=each["element"], code=each["code"]) for each in incidents),
            "refused": data.get("refused"),
        }

    def _ending(self, data: Mapping[str, Any]) -> parts.Ending:
        end = data["end"]
        kind: Any
        ((kind, value),) = ({"completed": end} if isinstance(end, str) else end).items()
        path: Path = ("expect",)
        expected = self._expected(data, path)
        if kind == "refused":
            expected["refused"] = value
        messages = data.get("messages")
        return parts.Ending(
            **expected,
            kind=kind,
            value=value if isinstance(value, str) else None,
            waiting=tuple(value) if kind == "waiting" else None,
            path=tuple(data["path"]) if "path" in data else None,
            decisions={element: tuple(rules) for element, rules in data.get("decisions", {}).items()},
            messages=None
            if messages is None
            else tuple(
                parts.MessageExpected(
                    name=each["name"],
                    key=_key(each.get("key")),
                    payload=self._values(each, "payload", (*path, "messages", number)) if "payload" in each else None,
                )
                for number, each in enumerate(messages)
            ),
        )


def _elements(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    return tuple(data["waiting"]) if "waiting" in data else None


def _key(key: str | int | Decimal | None) -> str | None:
    """The key as the kernel writes it: 5 and 5.0 are one."""
    if key is None or isinstance(key, str):
        return key
    return f"{Decimal(key).normalize():f}"
