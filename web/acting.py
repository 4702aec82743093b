"""What pages of records share: doing a command, its refusal beside what was typed, and the history of a record."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine import records
from engine.errors import CommandRejected, Conflict, InvalidInput, NotAllowed
from engine.identity import company, group_commands, person_commands, service_commands
from engine.inbox import absences
from engine.instances import erasing, retention, telling
from engine.mail import checkpoints as mailed_checkpoints
from engine.mail import commands as letter_commands
from engine.mail import restored
from engine.mail import settings as mail_settings
from engine.notices import choices
from engine.record import RecordCommand
from engine.records import queries
from engine.records.queries import Entry
from engine.texts import format as forms
from engine.texts import has
from handlers.table import RECORD_COMMANDS
from web import auth, errors, ui
from web.ui import in_language, t

_LONGEST_KEY: Final = 64

Given = TypeVar("Given")

_COMMANDS = {
    **company.COMMANDS.commands,
    **person_commands.COMMANDS.commands,
    **group_commands.COMMANDS.commands,
    **service_commands.COMMANDS.commands,
    **absences.COMMANDS.commands,
    **choices.COMMANDS.commands,
    **erasing.COMMANDS.commands,
    **retention.COMMANDS.commands,
    **mail_settings.COMMANDS.commands,
    **letter_commands.COMMANDS.commands,
    **mailed_checkpoints.COMMANDS.commands,
    **restored.COMMANDS.commands,
    **RECORD_COMMANDS.commands,
}

Say = Callable[[str, Any], "str | None"]
"""How a page writes the value of a field; None: as every page does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a post. ``problems``: sentences by field, ``message``: what no field is to blame for; both empty when it was done."""

    problems: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    answer: Any = None

    @property
    def is_done(self) -> bool:
        """Whether the command was accepted."""
        return not self.problems and not self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedField:
    """One field of an entry, in words."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One change of a record, in words."""

    title: str
    who: str
    when: str
    iso: str
    fields: Sequence[ChangedField]
    is_new: bool
    notes: Sequence[str]


def act(
    command: RecordCommand[Given], given: Given, *, seen: int | None = None, news: telling.Told | None = None
) -> Outcome:
    """Do it as the person of this request, and tell cases ``news``. A refusal that the person can mend comes back; NotAllowed is raised."""
    database = auth.runtime().database
    try:
        if news is None:
            done = records.execute(database, command, given, auth.actor(), seen=seen)
        else:
            done = telling.execute(database, command, given, auth.actor(), news, seen=seen)
    except InvalidInput as refusal:
        return Outcome(problems={each.field: errors.field_sentence(each) for each in refusal.fields})
    except NotAllowed:
        raise
    except Conflict as refusal:
        at_field = {"login_taken": "login", "key_taken": "key"}.get(refusal.code)
        said = errors.sentence(refusal)
        return Outcome(problems={at_field: said}) if at_field else Outcome(message=said)
    except CommandRejected as refusal:
        return Outcome(message=errors.sentence(refusal))
    return Outcome(answer=done.answer)


def seen_revision(text: str | None) -> int | None:
    """The revision that the form was made from; None when somebody made the number up."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


def history(
    session: Session,
    kind: str,
    key: str,
    names: Mapping[str, str],
    *,
    labels: str = "web.admin.field.",
    say: Say = lambda _name, _value: None,
    called: Mapping[str, str] | None = None,
) -> tuple[HistoryLine, ...]:
    """The last changes of a record, the newest first. ``names``: of people by login, roles by ``role:key``, groups by ``group:key``;
    ``labels``: what the codes of the fields' names begin with (``address 7`` is called what ``address`` is);
    ``called``: what fields are called that have no text, because people named them.
    """
    write = _Writer(names=names, labels=labels, say=say, called=called or {})
    return tuple(write.line(each) for each in queries.history(session, kind, key, limit=20))


def titles_of(entries: Sequence[Any], mark: str) -> dict[str, str]:
    """Titles of roles or groups by ``mark:key``, for ``history``."""
    return {f"{mark}:{each.key}": in_language(each.title) for each in entries}


def command_title(name: str) -> str | None:
    """What a record command is called in the person's language; None where there is none of this name."""
    command = _COMMANDS.get(name)
    return None if command is None else in_language({"fr": command.title_fr, "en": command.title_en})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes entries of a history in the person's language."""

    names: Mapping[str, str]
    labels: str
    say: Say
    called: Mapping[str, str]

    def line(self, entry: Entry) -> HistoryLine:
        return HistoryLine(
            title=command_title(entry.command) or entry.type,
            who=ui.person(self.names, entry.actor),
            when=ui.moment(entry.at),
            iso=ui.local(entry.at).isoformat(timespec="minutes"),
            fields=[
                ChangedField(
                    label=self.called.get(name) or label(name, self.labels),
                    old=self._value(name, each.old),
                    new=self._value(name, each.new),
                )
                for name, each in entry.fields.items()
                if each.old or each.new  # nothing that became an empty list is no news
            ],
            is_new=entry.became == "created",
            notes=[
                f"{t('web.label', label=label(name, self.labels))} {self._value(name, value)}"
                for name, value in entry.facts.items()
            ],
        )

    def _value(self, name: str, value: Any) -> str:
        said = self.say(name, value)
        return _value(name, value, self.names) if said is None else said


def label(name: str, labels: str = "web.admin.field.") -> str:
    """What a field is called, or its name; ``address 7`` is called what ``address`` is."""
    code = labels + name.partition(" ")[0]
    return t(code) if has(code) else name


def _value(name: str, value: Any, names: Mapping[str, str]) -> str:
    if name == "memberships" and value:
        return " ; ".join(_membership(each, names) for each in value)
    if name == "roles" and value:
        return ", ".join(names.get(f"role:{each}", each) for each in value)
    if name == "digest_at" and value:
        return forms.hour(value, ui.locale())
    if name == "checkpoint_to" and value:
        return ", ".join(value)
    if name in ("state", "security") and value:
        return t(f"web.{'letters.state' if name == 'state' else 'mail.security'}.{value}")
    if name == "password":
        return t(f"web.mail.password.{value}")
    if name == "erasure" and value:
        return t(f"web.personal.state.{value}")
    if name == "months" and value is None:
        return t("web.retention.for_ever")
    if name == "locale" and value:
        return dict(ui.LANGUAGES).get(str(value), str(value))
    return ui.shown(value)


def _membership(each: Mapping[str, Any], names: Mapping[str, str]) -> str:
    what = f"role:{each['role']}" if each["role"] else f"group:{each['group']}"
    return t(
        "web.admin.membership.ended" if each["until_at"] else "web.admin.membership.open",
        what=names.get(what, what),
        begin=ui.shown(ui.local(each["from_at"]).date()),
        # the last day, as it is typed: what ends at midnight does not last into the next one
        end=ui.shown(ui.local(each["until_at"] - timedelta(microseconds=1)).date()) if each["until_at"] else "",
    )


def key_of(form: MultiDict[str, str]) -> str:
    """What tells this form from others, however often it is sent; a new one where it was left out."""
    return form.get("key", "")[:_LONGEST_KEY] or new_key()


def new_key() -> str:
    """Of a new form."""
    return secrets.token_urlsafe(16)
