"""Who is at the keyboard: the session cookie, signing in and out, and what a role may open.

The cookie holds a random token; ``engine.identity.web_sessions`` knows it only by its hash. Over https both our cookies carry the prefix
``__Host-`` (no Domain, Path ``/``, Secure), so that no neighbouring host can plant one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, ParamSpec, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue as Answer
from flask_wtf import CSRFProtect

from engine import clock, log
from engine.errors import NotAllowed
from engine.handler import Actor
from engine.history import refusals
from engine.identity import people, web_sessions
from engine.texts import say
from web import errors

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from engine.instances.runtime import Runtime

P = ParamSpec("P")

COOKIE = "bordereau"
SIGNED = "bordereau-form"
LOCALE_COOKIE = "bordereau-language"
LOCALES = ("fr", "en")
COOKIE_SECONDS = 24 * 3600
NOBODY_KNOWN = "unknown:sign-in"
"""Whose refused sign-ins those are that name nobody; no login has a colon."""

csrf = CSRFProtect()
_log = log.get(__name__)


def host_name(name: str) -> str:
    """The cookie's name on this connection."""
    return f"__Host-{name}" if request.is_secure else name


class HostCookies(SecureCookieSessionInterface):
    """Flask's signed cookie (it carries the CSRF token), named and secured as the connection demands."""

    def get_cookie_name(self, _app: Flask) -> str:
        """With the prefix where the connection allows it."""
        return host_name(SIGNED)

    def get_cookie_secure(self, _app: Flask) -> bool:
        """Over https only."""
        return request.is_secure


def runtime() -> Runtime:
    """What the application was made with."""
    return cast("Runtime", current_app.extensions["bordereau"])


def actor() -> Actor:
    """The person of this request. Raises NotAllowed when nobody is signed in."""
    found = signed_in_person()
    if found is None:
        raise NotAllowed("sign_in_needed")
    return found


def signed_in_person() -> Actor | None:
    """The person of this request, None when nobody is signed in."""
    found: Actor | None = g.get("actor")
    return found


def is_demonstration() -> bool:
    """Whether this is the demonstration company."""
    return bool(current_app.config["DEMONSTRATION"])


def has_role(*roles: str) -> bool:
    """Whether the person of this request has one of ``roles``."""
    found = signed_in_person()
    return found is not None and not found.roles.isdisjoint(roles)


def safe_next(target: str | None) -> str | None:
    """``target`` when it stays on this site, else None: a path, never another host, never a scheme."""
    if (
        not target
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
        or any(ord(each) < 32 for each in target)
    ):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def _ask_to_sign_in() -> BaseResponse:
    if errors.wants_json():
        return errors.answer(401, "sign_in_needed", say("web.error.401", errors.locale()))
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    address = url_for("account.sign_in", next=target) if target and target != "/" else url_for("account.sign_in")
    if request.headers.get("HX-Request"):
        response = make_response("", 401)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, 303)


def signed_in(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Only for people who are signed in; others are led to the sign-in page and back."""
    return requires()(view)


def requires(*roles: str, scopes: tuple[str, ...] = ()) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Only for people with one of ``roles`` (anybody signed in when none is named). The engine's commands check again.

    ``scopes``: of tokens, each of which opens it for a machine with such a role, too (``web.bearer``).
    """

    def guard(view: Callable[P, Answer]) -> Callable[P, Answer]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
            if signed_in_person() is None:
                return _ask_to_sign_in()
            if roles and not has_role(*roles):
                raise NotAllowed("page_not_allowed")
            return view(*args, **kwargs)

        if scopes:
            _opened[guarded] = scopes
        return guarded

    return guard


_opened: dict[object, tuple[str, ...]] = {}
"""By view."""


def scopes_of(endpoint: str | None) -> tuple[str, ...]:
    """The scopes that open the page of this name to machines; empty where no token does."""
    view = current_app.view_functions.get(endpoint or "")
    return () if view is None else _opened.get(view, ())


def _preferred_locale() -> str:
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen in LOCALES:
        return chosen
    found = signed_in_person()
    if found is not None and found.locale in LOCALES:
        return found.locale
    return request.accept_languages.best_match(LOCALES, "fr") or "fr"


_BEFORE_A_PASSWORD = frozenset(
    {"own.account", "own.change_password", "account.sign_out", "account.language", "static", "csp_report", "health"}
)
"""What somebody may open who has to set a password first."""


def address() -> str:
    """Where this request comes from; empty when only its proxy is known, which is no address of anybody."""
    found = request.remote_addr or ""
    return "" if found == current_app.config.get("TRUSTED_PROXY") else found


def session_number() -> int | None:
    """The number of the session of this request; None when nobody is signed in."""
    found: int | None = g.get("session_number")
    return found


def _identify() -> None:
    if errors.is_machine():  # who that is, its token said (``web.bearer``): a cookie beside it says nothing
        return
    g.locale = "fr"
    g.actor = None
    g.must_set_password, g.session_number = False, None
    if request.endpoint in {"static", "csp_report", "health"}:
        return
    token = request.cookies.get(host_name(COOKIE))
    if token:
        with runtime().database.transaction() as found:
            visitor = web_sessions.find(found, token, clock.now())
        if visitor is not None:
            g.actor, g.must_set_password, g.session_number = (
                visitor.actor,
                visitor.must_set_password,
                visitor.session_id,
            )
    g.locale = _preferred_locale()
    if g.actor is not None:
        g.actor = replace(g.actor, locale=g.locale)  # what they type is read in the language that they see


def _set_password_first() -> Answer | None:
    """Who came in with a code for one sign-in does nothing else before a password is set."""
    if not g.must_set_password or request.endpoint in _BEFORE_A_PASSWORD:
        return None
    if errors.wants_json():
        return errors.answer(403, "password_to_set", say("web.account.must_set", errors.locale()))
    return redirect(url_for("own.account"), 303)


def sign_in(login: str, password: str, response: Response) -> Actor:
    """Check the password and give ``response`` a new session; a session that was open in this browser is closed.

    Raises NotAllowed: unknown, wrong, or too many attempts (the facts say how long to wait).
    """
    now = clock.now()
    try:
        person = people.authenticate(runtime().database, login, password, now, address())
    except NotAllowed as refusal:
        with runtime().database.reading() as reading:
            known = people.find_person(reading, login)
        tried = known.login if known else NOBODY_KNOWN
        refusals.note(runtime().database, refusal, tried, now, act="sign_in", about={"from": network(address())})
        # never what was typed: sometimes it is the password
        _log.warning("sign_in_refused", code=refusal.code, person=str(known.id) if known else None)
        raise
    old = request.cookies.get(host_name(COOKIE))
    with runtime().database.transaction() as opened:
        if old:
            web_sessions.close(opened, old)
        token = web_sessions.open(opened, person, now, address=address(), agent=request.headers.get("User-Agent", ""))
    session.clear()  # with it goes the CSRF token: what was on the page before signing in is worth nothing after
    _put(response, COOKIE, token, COOKIE_SECONDS)
    g.actor = person
    _log.info("signed_in", person=str(person.person_id))
    return person


def network(found: str) -> str:
    """Of an address what may be kept for ever: enough to tell inside from outside, and one attacker from many."""
    try:
        prefix = 24 if ip_address(found).version == 4 else 48
    except ValueError:
        return ""
    return str(ip_network(f"{found}/{prefix}", strict=False))


def sign_out(response: Response) -> None:
    """Close the session of this request, on the server too."""
    token = request.cookies.get(host_name(COOKIE))
    if token:
        with runtime().database.transaction() as closing:
            web_sessions.close(closing, token)
    person = signed_in_person()
    if person is not None:
        _log.info("signed_out", person=str(person.person_id))
    session.clear()
    response.delete_cookie(host_name(COOKIE), path="/", secure=request.is_secure, httponly=True, samesite="Lax")


def remember_locale(response: Response, chosen: str) -> None:
    """Keep the language in this browser for a year."""
    _put(response, LOCALE_COOKIE, chosen, 365 * 24 * 3600, prefixed=False)


def _put(response: Response, name: str, value: str, seconds: int, *, prefixed: bool = True) -> None:
    key = host_name(name) if prefixed else name
    response.set_cookie(key, value, max_age=seconds, path="/", secure=request.is_secure, httponly=True, samesite="Lax")


def install(app: Flask) -> None:
    """Let ``app`` know who asks, refuse forged posts, and name its cookies."""
    app.session_interface = HostCookies()
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the signed cookie: a form open since lunch is still good
    )
    app.before_request(_identify)  # before the CSRF check, so that its refusal speaks the person's language
    csrf.init_app(app)
    app.before_request(_set_password_first)
