"""What becomes of a case in another version, in sentences: elements, roles, forms and moments by what people call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.definitions.store import Definition
from engine.errors import Fact
from engine.identity.people import RoleTitles
from engine.instances.names import find_node
from engine.migration import Change, Lack
from web import auth, present, ui
from web.ui import in_language, t

_MOMENTS: Final = ("due_at", "follow_up_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the sentences take their names from."""

    old: Definition
    new: Definition
    roles: RoleTitles
    people: Mapping[str, str]

    def of_lack(self, lack: Lack) -> str:
        """Why a case cannot be moved."""
        facts: dict[str, object] = dict(lack.facts)
        if "target" in facts:
            facts["target"] = present.name_of(self.new.bundle, str(facts["target"]))
        if "reason" in facts:
            facts["reason"] = t(str(facts["reason"]), **lack.facts)
        if "flow" in facts:
            flow = str(facts["flow"])
            facts["flow"] = present.name_of(self.old.bundle, flow) if flow else flow
        return t(lack.code, **facts | {"element": present.name_of(self.old.bundle, lack.element)})

    def of_change(self, change: Change) -> str:
        """What is different afterwards."""
        field = change.code.removeprefix("migration_task_")
        facts = {name: self._said(field, name, value) for name, value in change.facts.items()}
        return t(change.code, **facts | {"element": self.name(change.element)})

    def name(self, element: str) -> str:
        """What an element is called: in the new version, else in the old one."""
        is_new = find_node(self.new.bundle, element) is not None
        return present.name_of((self.new if is_new else self.old).bundle, element)

    def _said(self, field: str, name: str, value: Fact) -> str:
        if value is None:
            return t("web.moving.none")
        if field in _MOMENTS or name == "due_at" or (field.startswith("migration_timer") and name == "old"):
            return ui.moment(datetime.fromisoformat(str(value)))
        match field:
            case "role":
                return present.role_title(self.roles, str(value))
            case "assignee":
                return ui.person(self.people, str(value))
            case "form":
                return self._form(str(value))
            case "not_same_as":
                return self.name(str(value))
            case "migration_handler_differs":
                known = auth.runtime().handlers.handlers.get(str(value))
                return in_language({"fr": known.title_fr, "en": known.title_en}) if known else str(value)
            case _:
                return str(value)

    def _form(self, form: str) -> str:
        found = self.new.bundle.forms.get(form) or self.old.bundle.forms.get(form)
        return in_language(found.title) if found is not None else form
