"""How the company sends mail: the server, and what goes when. Two records that an administrator changes, with their history.

The password never comes through the door of records: what comes is sealed already (``sealing``), and the history says only that it was
changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from ipaddress import ip_address
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.addresses import is_address, is_name
from engine.data import data
from engine.errors import FieldProblem, InvalidInput
from engine.identity.memberships import ADMINISTRATOR
from engine.letter import DEFAULT_SITE
from engine.record import Change, RecordContext, RecordTable, record_command

KEY: Final = "company"
SERVER, PLAN = "mail_server", "mail_plan"
"""Kinds of record."""

MOST_READERS: Final = 20
"""Addresses that checkpoints go to."""

Security = Literal["starttls", "tls", "none"]
SECURITIES: Final[tuple[Security, ...]] = get_args(Security)

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SERVER = "host, port, security, login, password, sender_name, sender_address, reply_to"
_FIND_SERVER = text(f"SELECT {_SERVER} FROM engine.mail_server")  # noqa: S608 - composed of constants
_SAVE_SERVER = text(f"""
    INSERT INTO engine.mail_server ({_SERVER})
    VALUES (:host, :port, :security, :login, :password, :sender_name, :sender_address, :reply_to)
    ON CONFLICT (is_only) DO UPDATE SET ({_SERVER}) =
        (:host, :port, :security, :login, CAST(:password AS bytea), :sender_name, :sender_address, :reply_to)
""")  # noqa: S608 - composed of constants
_FIND_PLAN = text("SELECT site, digest_at, checkpoint_to FROM engine.mail_plan")
_SAVE_PLAN = text("""
    INSERT INTO engine.mail_plan (site, digest_at, checkpoint_to) VALUES (:site, :digest_at, CAST(:checkpoint_to AS text[]))
    ON CONFLICT (is_only) DO UPDATE SET (site, digest_at, checkpoint_to) = (:site, :digest_at, CAST(:checkpoint_to AS text[]))
""")
_BEGIN_PLAN = text("""
    INSERT INTO engine.mail_plan (site, digest_at, checkpoint_to) VALUES (:site, :digest_at, CAST(:checkpoint_to AS text[]))
    ON CONFLICT (is_only) DO NOTHING
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server that mails go through. ``login`` empty: without signing in; ``password`` is sealed."""

    host: str
    port: int
    security: Security
    login: str
    password: bytes | None
    sender_name: str
    sender_address: str
    reply_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``site``: the address of this installation, for links; ``digest_at``: when digests and checkpoints go, in the company's zone;
    ``checkpoint_to``: who gets checkpoints.
    """

    site: str = DEFAULT_SITE
    digest_at: time = time(8)
    checkpoint_to: tuple[str, ...] = ()


@data
class SetServer:
    """Send through this server from now on. ``password``: sealed; None leaves the one that is there. ``key`` is always ``KEY``."""

    host: str
    port: int
    security: str
    login: str
    password: bytes | None
    sender_name: str
    sender_address: str
    reply_to: str
    key: str = KEY


@data
class SetPlan:
    """What goes when, and to whom. ``key`` is always ``KEY``."""

    site: str
    digest_at: time
    checkpoint_to: tuple[str, ...]
    key: str = KEY


@record_command(
    "mail.set_server",
    event="mail_server:set",
    kind=SERVER,
    key="key",
    may=(ADMINISTRATOR,),
    fr="Régler le serveur d’envoi",
    en="Set the mail server",
)
def set_server(given: SetServer, context: RecordContext) -> Change:
    """Raises InvalidInput by field."""
    before = find_server(context.session)
    password = given.password if given.password is not None else before and before.password
    if not given.login:
        password = None  # nobody signs in: nothing to keep
    _require(
        ("host", "mail_host_invalid", not _HOST.fullmatch(given.host)),
        ("port", "mail_port_invalid", not 1 <= given.port <= 65535),
        ("security", "mail_security_unknown", given.security not in SECURITIES),
        ("login", "mail_login_invalid", len(given.login) > 254 or not given.login.isprintable()),
        ("password", "mail_password_missing", bool(given.login) and password is None),
        ("security", "mail_password_in_clear", bool(given.login) and given.security == "none" and not _is_here(given)),
        ("sender_name", "mail_name_invalid", not is_name(given.sender_name)),
        ("sender_address", "mail_address_invalid", not is_address(given.sender_address)),
        ("reply_to", "mail_address_invalid", bool(given.reply_to) and not is_address(given.reply_to)),
    )
    after = _server_fields(given)
    context.session.execute(_SAVE_SERVER, after | {"password": password})
    had = None if before is None else before.password
    facts = {} if password == had else {"password": "removed" if password is None else "set"}
    return Change(before=None if before is None else _server_fields(before), after=after, facts=facts)


@record_command(
    "mail.set_plan",
    event="mail_plan:set",
    kind=PLAN,
    key="key",
    may=(ADMINISTRATOR,),
    fr="Régler les envois",
    en="Set what is sent when",
)
def set_plan(given: SetPlan, context: RecordContext) -> Change:
    """Raises InvalidInput by field."""
    _require(
        ("site", "mail_site_invalid", not _is_site(given.site)),
        ("checkpoint_to", "mail_address_invalid", not all(map(is_address, given.checkpoint_to))),
        ("checkpoint_to", "mail_too_many_readers", len(given.checkpoint_to) > MOST_READERS),
    )
    found = context.session.execute(_FIND_PLAN).one_or_none()
    plan = Plan(site=given.site.rstrip("/"), digest_at=given.digest_at, checkpoint_to=_unique(given.checkpoint_to))
    after = _plan_fields(plan)
    context.session.execute(
        _SAVE_PLAN, {"site": plan.site, "digest_at": plan.digest_at, "checkpoint_to": list(plan.checkpoint_to)}
    )
    return Change(before=None if found is None else _plan_fields(_plan(found)), after=after)


COMMANDS = RecordTable.of(set_server, set_plan)


def find_server(session: Session) -> Server | None:
    """The server that mails go through; None when nobody has said which."""
    row = session.execute(_FIND_SERVER).one_or_none()
    if row is None:
        return None
    return Server(
        host=row.host,
        port=row.port,
        security=row.security,
        login=row.login,
        password=None if row.password is None else bytes(row.password),
        sender_name=row.sender_name,
        sender_address=row.sender_address,
        reply_to=row.reply_to,
    )


def begin_plan(session: Session, site: str) -> None:
    """Links in letters lead to ``site``, until an administrator says otherwise; where one has said, nothing changes."""
    plan = Plan(site=site)
    given = {"site": plan.site, "digest_at": plan.digest_at, "checkpoint_to": list(plan.checkpoint_to)}
    session.execute(_BEGIN_PLAN, given)


def find_plan(session: Session) -> Plan:
    """What goes when; as it is by default when nobody has said it."""
    row = session.execute(_FIND_PLAN).one_or_none()
    return Plan() if row is None else _plan(row)


def _plan(row: Row[Any]) -> Plan:
    return Plan(site=row.site, digest_at=row.digest_at, checkpoint_to=tuple(row.checkpoint_to))


def _plan_fields(plan: Plan) -> dict[str, Any]:
    return {"site": plan.site, "digest_at": plan.digest_at, "checkpoint_to": plan.checkpoint_to}


def _server_fields(server: Server | SetServer) -> dict[str, Any]:
    """Everything but the password."""
    names = ("host", "port", "security", "login", "sender_name", "sender_address", "reply_to")
    return {name: getattr(server, name) for name in names}


def _unique(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Each receiver once, whatever capitals were typed."""
    return tuple({each.lower(): each for each in addresses}.values())


def _is_here(given: SetServer) -> bool:
    """The server is on this machine: what goes there passes no network."""
    try:
        return ip_address(given.host).is_loopback
    except ValueError:
        return given.host.lower() == "localhost"


def _is_site(site: str) -> bool:
    if len(site) > 254 or not site.isascii() or not site.isprintable() or " " in site:
        return False
    try:
        parts = urlsplit(site)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not (parts.query or parts.fragment or parts.username)
        )
    except ValueError:
        return False


def _require(*checks: tuple[str, str, bool]) -> None:
    problems = tuple(FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong)
    if problems:
        raise InvalidInput(problems)
