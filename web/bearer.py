"""Machines: ``Authorization: Bearer <token>`` opens the downloads that name its scope, and nothing else.

No cookie is read or set, so there is nothing to forge; every answer to such a request is for a program. What is refused joins the history
under the account that the token says it is of (``services.of_prefix``), else under ``NOBODY_KNOWN``: with its beginning at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Flask, current_app, g, request

from engine import clock, log
from engine.database.session import Database
from engine.errors import NotAllowed
from engine.history import refusals
from engine.identity import services, throttle
from engine.texts import say
from web import auth, errors

if TYPE_CHECKING:
    from flask import Response

NOBODY_KNOWN: Final = "unknown:token"
"""Whose refused tokens those are that no account ever had; no login has a colon."""

_log = log.get(__name__)


def _identify() -> Response | None:
    """Let the machine in, or answer why not; a request without a token is none of ours."""
    if not errors.is_machine():
        return None
    g.locale = request.accept_languages.best_match(auth.LOCALES, "fr") or "fr"
    g.actor, g.must_set_password, g.session_number = None, False, None
    token = (request.authorization.token if request.authorization else None) or ""
    scopes = auth.scopes_of(request.endpoint)
    database, now = auth.runtime().database, clock.now()
    try:
        with database.transaction() as session:
            caller = services.authenticate(session, token, now)
        _require(caller, scopes)
    except NotAllowed as refusal:
        return _refused(database, refusal, token, scopes)
    g.actor = caller.actor
    _log.info("token_used", service=caller.actor.login, token=caller.prefix, page=request.endpoint)
    return None


def _require(caller: services.Caller, scopes: tuple[str, ...]) -> None:
    """Raises NotAllowed unless the token opens this address; what is nowhere is not found, as for everybody."""
    if request.endpoint is None:
        return
    if not scopes:
        raise NotAllowed("token_opens_no_page")
    caller.require(*scopes)


def _refused(database: Database, refusal: NotAllowed, token: str, scopes: tuple[str, ...]) -> Response:
    """The answer: 401 what is no good token, 403 a good one that does not open this, 429 whoever has to wait."""
    status, now = 401 if refusal.code == "token_refused" else 403, clock.now()
    headers = {"WWW-Authenticate": _challenge(refusal, scopes)}
    try:
        with database.transaction() as session:
            throttle.count_token(session, token, auth.address(), now)
    except NotAllowed as waiting:
        refusal, status = waiting, 429
        headers = {"Retry-After": str(waiting.facts["seconds"])}
    with database.reading() as session:
        said = services.of_prefix(session, token)
    login, prefix = said or (NOBODY_KNOWN, None)
    about = {"page": request.endpoint, "token": prefix, "from": auth.network(auth.address())}
    refusals.note(database, refusal, login, now, act="tokens.use", about={k: v for k, v in about.items() if v})
    _log.warning("token_refused", code=refusal.code, service=login, token=prefix, page=request.endpoint)
    title = say("web.error.403.title", errors.locale())
    response = errors.answer(status, refusal.code, errors.sentence(refusal), title=title)
    response.headers.update(headers)
    return response


def _challenge(refusal: NotAllowed, scopes: tuple[str, ...]) -> str:
    """What RFC 6750 has a server say, section 3."""
    said: dict[str, Any] = {"realm": "Bordereau"}
    said["error"] = "invalid_token" if refusal.code == "token_refused" else "insufficient_scope"
    if scopes:
        said["scope"] = " ".join(scopes)
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items())


def opened(scope: str) -> list[str]:
    """The addresses that a token with ``scope`` opens, with what stands for a choice in capitals."""
    rules = current_app.url_map.iter_rules()
    return sorted(_shown(rule.rule) for rule in rules if scope in auth.scopes_of(rule.endpoint))


def _shown(rule: str) -> str:
    """``/audit/checkpoints/<int:number>.json`` as ``/audit/checkpoints/NUMBER.json``."""
    shown = ""
    for part in rule.split("<"):
        name, closed, rest = part.partition(">")
        if not closed:
            shown += part
            continue
        kind, _, argument = name.rpartition(":")
        shown += (kind[len("any(") : -1].replace(", ", "|") if kind.startswith("any(") else argument.upper()) + rest
    return shown


def install(app: Flask) -> None:
    """Let ``app`` hear machines; before it looks for people."""
    app.before_request(_identify)
