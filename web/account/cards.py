"""The demonstration's people on the sign-in page."""

from __future__ import annotations

from dataclasses import dataclass

from engine.identity import people
from engine.instances.runtime import Runtime
from engine.texts import has
from handlers.demonstration.seed import PASSWORD, PEOPLE
from web.ui import in_language, t


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One person to come in as. The password is the demonstration's, public by design."""

    login: str
    password: str
    name: str
    role: str
    does: str


def cards(runtime: Runtime) -> tuple[Card, ...]:
    """The demonstration's people who are there, in the seed's order."""
    with runtime.database.reading() as session:
        titles = people.role_titles(session)
        there = {each.login: each for each in people.people(session)}
    return tuple(_card(there[login].name, login, roles, titles) for login, _, roles in PEOPLE if login in there)


def _card(name: str, login: str, roles: tuple[str, ...], titles: people.RoleTitles) -> Card:
    first = roles[0]
    does = f"web.sign_in.does.{first}"
    return Card(
        login=login,
        password=PASSWORD,
        name=name,
        role=", ".join(in_language(titles.get(each, {})) or each for each in roles),
        does=t(does) if has(does) else "",
    )
