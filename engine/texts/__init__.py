"""Everything that Bordereau says to people: code + facts → a sentence in French or English.

One YAML file per area in ``catalogue/``; an entry is ``code: {fr: "…{fact}…", en: "…{fact}…"}``. Where a number decides about the words, a
language has forms by plural category, chosen by the fact ``count``: ``fr: {one: "{count} tâche", other: "{count} tâches"}``. Codes are
unique over all files. Spaces that must not break a line (before ``: ; ? ! »``, after ``«``) and ’ are set when French is read, so that
files are written with ordinary ones. ``{fact:type}`` says a type of FEEL in words; ``{fact:number}`` and
``{fact:money}`` say a number that comes as text (``"2.5"``) as people write it, ``{fact:day}`` a day (``"2026-11-24"``). Numbers, dates and
durations are written by ``engine.texts.format``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml
from babel import Locale

LOCALES = ("fr", "en")
"""The languages, the first one being what is said to somebody who has chosen none."""

Forms = Mapping[str, str]
Entry = Mapping[str, "str | Forms"]

_FOLDER = Path(__file__).parent / "catalogue"
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_TYPES = re.compile(
    r"\b(?:(?:days and time |years and months )?duration|date and time|number|string|boolean|date|time|list|range|context|function"
    r"|Null|Any|or)\b"
)
"""What of a type's name has a word of its own in the catalogue."""
_NO_BREAK = re.compile(r"(?<=«) | (?=[:;?!»])")


class CatalogueInvalid(Exception):
    """A file of the catalogue is not what the module's docstring says."""


def say(code: str, locale: str, /, **facts: object) -> str:
    """The sentence of ``code`` in the language of ``locale`` (``"fr"``, ``"en-GB"``; another language gives French).

    A fact that the sentence names and the caller does not give reads ``…``, an unknown code gives a sentence that names the code:
    telling somebody of an error never raises another one. Tests find both.
    """
    entry = catalogue().get(code)
    if entry is None:
        return say("code_without_text", locale, code=code) if code != "code_without_text" else code
    language = language_of(locale)
    sentence = entry[language]
    if not isinstance(sentence, str):
        sentence = _plural(sentence, language, facts.get("count"))
    return sentence.format_map(_Facts(facts, language))


def has(code: str) -> bool:
    """Whether the catalogue has a sentence for ``code``."""
    return code in catalogue()


def language_of(locale: str | None) -> str:
    """The language of ``LOCALES`` that serves ``locale`` best."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else LOCALES[0]


@cache
def catalogue() -> Mapping[str, Entry]:
    """All entries by code. Raises CatalogueInvalid when a file has not the form, or two files have one code."""
    return read_catalogue(_FOLDER)


def read_catalogue(folder: Path) -> Mapping[str, Entry]:
    """The entries of all ``*.yaml`` of ``folder`` (see ``catalogue``)."""
    found: dict[str, Entry] = {}
    for file in sorted(folder.glob("*.yaml")):
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader) or {}  # noqa: S506 - a CSafeLoader
        if not isinstance(content, dict):
            raise CatalogueInvalid(f"{file.name}: not a mapping of codes")
        for code, entry in content.items():
            if code in found:
                raise CatalogueInvalid(f"{file.name}: {code} stands twice in the catalogue")
            found[code] = _checked(file.name, code, entry)
    return MappingProxyType(found)


def _checked(file: str, code: object, entry: object) -> Entry:
    if not isinstance(code, str) or not isinstance(entry, dict) or set(entry) != set(LOCALES):
        raise CatalogueInvalid(f"{file}: {code!r} needs exactly the languages {', '.join(LOCALES)}")
    for language, sentence in entry.items():
        forms = sentence if isinstance(sentence, dict) else {"other": sentence}
        if "other" not in forms or not all(isinstance(each, str) and each for each in forms.values()):
            raise CatalogueInvalid(f"{file}: {code} ({language}) is neither a sentence nor forms with `other`")
    return {language: _typeset(sentence, language) for language, sentence in entry.items()}


def _typeset(sentence: str | Forms, language: str) -> str | Forms:
    if not isinstance(sentence, str):
        return {category: str(_typeset(each, language)) for category, each in sentence.items()}
    sentence = _APOSTROPHE.sub("’", sentence)
    return _NO_BREAK.sub("\N{NO-BREAK SPACE}", sentence) if language == "fr" else sentence


def _plural(forms: Forms, language: str, count: object) -> str:
    category = Locale(language).plural_form(count) if isinstance(count, int | Decimal) else "other"
    return forms.get(category, forms["other"])


class _Facts(dict[str, object]):
    def __init__(self, facts: Mapping[str, object], language: str) -> None:
        super().__init__((name, "–" if value is None else value) for name, value in facts.items())
        for name, value in self.items():
            if type(value) is str:
                self[name] = _Text(value, language)

    def __missing__(self, name: str) -> object:
        return _Text("…", "")


class _Text:
    """A fact that is a text; with ``:type`` after its name, it is a type of FEEL, said in words; with ``:number``, ``:money`` a figure;
    with ``:day`` a date.
    """

    def __init__(self, text: str, language: str) -> None:
        self._text = text
        self._language = language

    def __format__(self, wanted: str) -> str:
        if wanted == "type":
            return _type_words(self._text, self._language)
        if wanted in {"number", "money"}:
            return _figure(self._text, self._language, wanted)
        if wanted == "day":
            return _day(self._text, self._language)
        return f"{self._text:{wanted}}"


def _figure(text: str, language: str, wanted: str) -> str:
    """A number as people write it; what is none stays as it is: telling somebody of an error never raises another one."""
    from engine.texts import format as forms  # it says words of this catalogue

    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite():
        return text
    return forms.money(value, language) if wanted == "money" else forms.number(value, language)


def _day(text: str, language: str) -> str:
    """A day as people write it; what is none stays as it is."""
    from engine.texts import format as forms  # it says words of this catalogue

    try:
        return forms.day(date.fromisoformat(text), language)
    except ValueError:
        return text


def _type_words(text: str, language: str) -> str:
    """A type as FEEL writes it, in words: ``list<context<day: date>>`` is a “list of context with “day” (date)”."""
    head, opening, inner = text.partition("<")
    if opening and inner.endswith(">") and head in ("list", "range", "context"):
        parts = _parts(inner[:-1])
        if head != "context":
            return say(f"type_{head}_of", language, type=_type_words(parts[0], language))
        named = [part.partition(": ") for part in parts]
        if all(kind for _, _, kind in named):
            entries = (
                say("type_entry", language, name=name, type=_type_words(kind, language)) for name, _, kind in named
            )
            return say("type_context_with", language, entries=", ".join(entries))
    return _TYPES.sub(lambda found: say(f"type_{found[0].replace(' ', '_')}", language), text)


def _parts(text: str) -> list[str]:
    """What stands between the commas of ``text`` that are in no bracket."""
    found, depth = [""], 0
    for sign in text:
        depth += (sign == "<") - (sign == ">")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return [each.strip() for each in found]


class _Loader(yaml.CSafeLoader):
    """Reads words as words (``no``, ``on``, ``1``) and refuses a code written twice in one file."""


_Loader.yaml_implicit_resolvers = {}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[object, object]:
    read: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in read:
            raise CatalogueInvalid(f"{key} stands twice{key_node.start_mark}")
        read[key] = loader.construct_object(value_node, deep=True)
    return read


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
