"""``forms/<id>.yaml`` to forms."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from engine.errors import DefinitionError, Problem
from engine.feel import Expression, FeelSyntaxError, compile_expression
from engine.model.forms import Field, Form, Option, Rule
from engine.model.yaml_file import Path, YamlFile, parse_yaml, schema_problems

_NUMERIC = frozenset({"number", "integer", "money"})
_TEXTUAL = frozenset({"text", "long_text"})
_NOT_WITH_OUTPUT = (
    "required",
    "default",
    "options",
    "choices",
    "minimum",
    "maximum",
    "max_length",
    "rules",
    "personal",
)


def read_form(content: bytes, file: str) -> Form:
    """Read a form. Raises DefinitionError with every problem found."""
    document = parse_yaml(content, file)
    problems = list(schema_problems(document, "form"))
    if problems:
        raise DefinitionError(tuple(problems))
    data = document.data
    if file.rpartition("/")[2] != f"{data['id']}.yaml":
        problems.append(document.problem("form_id_not_file", ("id",), form=data["id"]))
    for name, count in Counter(field["name"] for field in data["fields"]).items():
        if count > 1:
            problems.append(document.problem("form_field_twice", ("fields",), field=name))
    fields = []
    for position, field in enumerate(data["fields"]):
        path: Path = ("fields", position)
        problems.extend(_contradictions(document, path, field))
        fields.append(_read_field(document, path, field, problems))
    if problems:
        raise DefinitionError(tuple(problems))
    return Form(
        id=data["id"],
        title=data["title"],
        intro=data.get("intro"),
        submit=data.get("submit"),
        fields=tuple(fields),
    )


def yaml_expression(document: YamlFile, path: Path, text: object, problems: list[Problem]) -> Expression | None:
    """FEEL in a YAML file, with or without a leading ``=``; numbers and booleans are themselves. None when it is noted as wrong."""
    if isinstance(text, bool):
        source = "true" if text else "false"
    elif isinstance(text, int | Decimal):
        source = str(text)
    else:
        source = str(text).strip().removeprefix("=").strip()
    if not source:
        problems.append(document.problem("expression_empty", path))
        return None
    try:
        return compile_expression(source)
    except FeelSyntaxError as error:
        problems.append(document.problem(error.code, path, **(error.facts | {"expression": source})))
        return None


def _contradictions(document: YamlFile, path: Path, field: dict[str, Any]) -> list[Problem]:
    """Keys that mean nothing for this kind of field."""
    kind, found = field["type"], []
    if "output" in field:
        found = [key for key in _NOT_WITH_OUTPUT if key in field]
    if kind not in _NUMERIC:
        found += [key for key in ("minimum", "maximum") if key in field]
    if kind not in _TEXTUAL and "max_length" in field:
        found.append("max_length")
    if kind != "choice":
        found += [key for key in ("options", "choices") if key in field]
    problems = [
        document.problem("form_key_not_here", (*path, key), key=key, field=field["name"])
        for key in dict.fromkeys(found)
    ]
    if kind == "choice" and "output" not in field and ("options" in field) == ("choices" in field):
        problems.append(document.problem("form_choices_one_of", path, field=field["name"]))
    if "minimum" in field and "maximum" in field and field["minimum"] > field["maximum"]:
        problems.append(document.problem("form_limits_crossed", (*path, "minimum"), field=field["name"]))
    for value, count in Counter(option["value"] for option in field.get("options", ())).items():
        if count > 1:
            problems.append(document.problem("form_option_twice", (*path, "options"), field=field["name"], value=value))
    return problems


def _read_field(document: YamlFile, path: Path, field: dict[str, Any], problems: list[Problem]) -> Field:
    def expression(key: str) -> Expression | None:
        return yaml_expression(document, (*path, key), field[key], problems) if key in field else None

    rules = []
    for position, rule in enumerate(field.get("rules", ())):
        check = yaml_expression(document, (*path, "rules", position, "check"), rule["check"], problems)
        if check is not None:
            rules.append(Rule(expression=check, message=rule["message"]))
    required = field.get("required", False)
    is_required = required if isinstance(required, bool) else expression("required") or False
    options = field.get("options")
    return Field(
        name=field["name"],
        type=field["type"],
        label=field["label"],
        help=field.get("help"),
        required=is_required,
        options=None
        if options is None
        else tuple(Option(value=each["value"], label=each["label"]) for each in options),
        choices=field.get("choices"),
        visible=expression("visible"),
        default=expression("output" if "output" in field else "default"),
        minimum=_decimal(field.get("minimum")),
        maximum=_decimal(field.get("maximum")),
        max_length=field.get("max_length"),
        is_personal=field.get("personal", False),
        is_output="output" in field,
        rules=tuple(rules),
    )


def _decimal(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)
