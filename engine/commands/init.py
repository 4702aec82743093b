"""``bordereau init``: the first start of a real company. Doing it again with the same facts changes nothing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_url, load
from engine.commands.speaking import ASKED_WRONGLY, DONE, say, tell
from engine.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from engine.identity.company import Company


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "init", init)
    parser.add_argument("--company", required=True, metavar=say("cli_metavar_name"), help=say("cli_help_init_company"))
    parser.add_argument("--login", required=True, metavar=say("cli_metavar_login"), help=say("cli_help_init_login"))
    parser.add_argument("--name", required=True, metavar=say("cli_metavar_name"), help=say("cli_help_init_name"))
    parser.add_argument("--email", default="", metavar=say("cli_metavar_text"), help=say("cli_help_init_email"))
    parser.add_argument("--zone", metavar=say("cli_metavar_zone"), help=say("cli_help_init_zone"))
    parser.add_argument("--language", choices=("fr", "en"), default="fr", help=say("cli_help_init_language"))


def init(settings: Settings, chosen: argparse.Namespace) -> int:
    """Make database, keys, company, roles and first administrator; show the administrator's sign-in code, once."""
    from engine.errors import InvalidInput

    zone = chosen.zone or settings.zone.key
    try:
        known, secret = _make(settings, chosen, zone)
    except InvalidInput as refusal:
        for each in refusal.fields:
            tell(each.code, **each.facts)
        return ASKED_WRONGLY
    if known is not None:
        print(say("init_done_already", company=known.name))
        return DONE
    print(say("init_done", company=chosen.company.strip(), zone=zone, data=str(settings.data_folder)))
    print(say("init_secret", login=_login(chosen), secret=secret))
    print(say("init_next"))
    return DONE


def _make(settings: Settings, chosen: argparse.Namespace, zone: str) -> tuple[Company | None, str]:
    """The company that was there already, or the secret of the first administrator of the one that was made."""
    from engine.commands.migrate import bring_up_to_date
    from engine.database.session import Database
    from engine.history.signing import ensure_key
    from engine.identity import company

    with database_url(settings, may_create=True) as url:
        bring_up_to_date(url)
        ensure_key(settings.checkpoint_key)
        database = Database(url)
        try:
            with database.transaction() as session:
                known = company.find(session)
                if known is None:
                    return None, _begin(session, settings, chosen, zone)
                _require_same(session, known, chosen, zone)
                return known, ""
        finally:
            database.dispose()


def _login(chosen: argparse.Namespace) -> str:
    from engine.identity.people import normal

    return normal(chosen.login)


def _begin(session: Session, settings: Settings, chosen: argparse.Namespace, zone: str) -> str:
    """Everything that a first start makes, in one transaction; the secret of the first administrator."""
    from engine import clock, records
    from engine.handler import SYSTEM
    from engine.identity.company import BeginCompany, begin_company
    from engine.identity.group_commands import AddRole, add_role
    from engine.identity.memberships import ADMINISTRATOR, Membership
    from engine.identity.person_commands import AddPerson, add_person

    now = clock.now()
    records.apply(session, begin_company, BeginCompany(name=chosen.company, zone=zone), SYSTEM, now=now)
    for key, title_fr, title_en in sorted(load(settings.roles, "BORDEREAU_ROLES")):
        records.apply(session, add_role, AddRole(key=key, title_fr=title_fr, title_en=title_en), SYSTEM, now=now)
    first = AddPerson(
        login=_login(chosen),
        name=chosen.name,
        email=chosen.email,
        locale=chosen.language,
        memberships=(Membership(role=ADMINISTRATOR, from_at=now),),
    )
    answer: str = records.apply(session, add_person, first, SYSTEM, now=now).answer
    return answer


def _require_same(session: Session, known: Company, chosen: argparse.Namespace, zone: str) -> None:
    """Raises WrongState when the company that is there is not the one that is asked for: nothing is changed by starting again."""
    from engine.errors import WrongState
    from engine.identity.people import find_person

    is_same = (known.name, known.zone) == (chosen.company.strip(), zone)
    if not is_same or find_person(session, chosen.login) is None:
        raise WrongState("init_other_company", company=known.name, zone=known.zone)
