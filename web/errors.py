"""What a refusal looks like over HTTP: the one place where errors of the engine get a status.

A person gets a page that says what happened and what can be done; a program that asks for JSON gets RFC 9457 ``application/problem+json``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Flask, current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from engine import clock, log
from engine.errors import (
    CommandRejected,
    Conflict,
    DefinitionError,
    EngineError,
    FieldProblem,
    InvalidInput,
    NotAllowed,
    NotFound,
    Problem,
    Unavailable,
    WrongState,
)
from engine.handler import BusinessError
from engine.history import refusals
from engine.texts import say
from engine.texts.places import place_text

if TYPE_CHECKING:
    from flask import Response

STATUS: tuple[tuple[type[EngineError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (WrongState, 409),
    (InvalidInput, 422),
    (DefinitionError, 422),
    (CommandRejected, 400),
    (Unavailable, 503),
)
"""The first type that fits gives the status; what fits none is our own failure: 500."""


def status_of(error: EngineError) -> int:
    """The HTTP status of ``error``."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def is_machine() -> bool:
    """Whether the request comes with a token instead of a person."""
    return request.authorization is not None and request.authorization.type == "bearer"


def wants_json() -> bool:
    """Whether the client asked for JSON rather than for a page."""
    if request.is_json or is_machine():
        return True
    best = request.accept_mimetypes.best_match(
        ["text/html", "application/json", "application/problem+json"], "text/html"
    )
    return best != "text/html"


def locale() -> str:
    """The language of the answer; French until the request said otherwise."""
    found: str = getattr(g, "locale", "fr")
    return found


def sentence(error: EngineError) -> str:
    """What ``error`` says to a person, in their language; of a business error that nothing caught, its own words."""
    cause = error.__cause__
    if isinstance(cause, BusinessError):
        return say(cause.code, locale(), **cause.facts)
    return say(error.code, locale(), **error.facts)


def field_sentence(problem: FieldProblem) -> str:
    """What is wrong with one field, in the person's language."""
    return say(problem.code, locale(), **problem.facts)


def problem_record(problem: Problem) -> dict[str, str | int | None]:
    """One problem of a definition as the editor shows it beside the element.

    ``rows``: of a table, by number ("1, 2"), that it is about; ``line``: of a file that people write as text.
    """
    rows, line = problem.facts.get("rows"), problem.facts.get("line")
    return {
        "code": problem.code,
        "file": problem.file,
        "element_id": problem.element_id,
        "element_name": problem.element_name,
        "place": problem.place,
        "rows": rows if isinstance(rows, str) else None,
        "line": line if isinstance(line, int) else None,
        "where": place_text(problem.place, locale()) if problem.place else None,
        "severity": problem.severity,
        "message": say(problem.code, locale(), **problem.facts),
    }


def answer(status: int, code: str, detail: str, *, title: str | None = None, **extensions: object) -> Response:
    """The refusal as a page or as RFC 9457 problem+json. ``extensions`` are members of the JSON answer only."""
    heading = title or say(f"web.error.{status}.title", locale())
    if wants_json():
        body = {"type": "about:blank", "title": heading, "status": status, "detail": detail, "code": code}
        response = make_response(body | {"request": g.get("request_id")} | extensions, status)
        response.mimetype = "application/problem+json"
        return response
    page = render_template("problem.html", status=status, code=code, heading=heading, detail=detail, **extensions)
    return make_response(page, status)


def _asked() -> dict[str, str | None]:
    """Who asked for what, for the log; no person is named otherwise than by the id of their account."""
    person = g.get("actor")
    # an address that is a key is named by its rule
    path = request.path if "token" not in (request.view_args or {}) else str(request.url_rule)
    return {"person": str(person.person_id or person.login) if person else None, "method": request.method, "path": path}


def note(error: EngineError) -> None:
    """A refused act joins the history: who, which act, on what (by number or key, never what was typed), why.

    Of looking only that it was not allowed: an address that leads nowhere is no act.
    """
    person = g.get("actor")
    is_act = request.method not in ("GET", "HEAD") or isinstance(error, NotAllowed)
    if person is None or not isinstance(error, CommandRejected) or not is_act:
        return
    database = current_app.extensions["bordereau"].database
    refusals.note(database, error, person.login, clock.now(), act=_act(), about=_about())


ACTS: Mapping[str, str] = {
    "inbox.claim": "tasks.claim",
    "inbox.release": "tasks.release",
    "inbox.delegate": "tasks.delegate",
    "inbox.complete": "tasks.complete",
    "inbox.begin": "cases.start",
    "operating.operate": "cases",
    "operating.take_back": "effects.take_back",
    "operating.send_now": "effects.send_now",
    "operating.confirm": "effects.confirm",
    "operating.retry": "incidents.retry",
    "operations.retry": "batches.retry",
    "operations.act_on_cases": "batches",
    "repairing.perform": "cases",
    "repairing.edit": "cases.edit",
    "repairing_many.ask": "batches",
    "editors.publish": "processes.publish",
    "editors.save_draft": "processes.save_draft",
    "editors.discard": "processes.discard_draft",
    "moving.rehearse": "migrations.rehearsal",
    "moving.start": "migrations.migration",
    "moving.undo": "migrations.undo",
}
"""What the engine calls the act behind a page, where the page refuses before it; every other is called by its address's name."""
CHOSEN: frozenset[str] = frozenset({"suspend", "resume", "cancel", "move", "skip", "edit"})
"""What a form can name as the act (``act``); nothing else of a form is repeated."""


def _act() -> str:
    endpoint = request.endpoint or ""
    chosen = request.form.get("act", "") if request.method == "POST" else ""
    if request.method != "POST" or endpoint not in ACTS:
        return f"{request.method} {endpoint}" + (f" {chosen}" if chosen in CHOSEN else "")
    named = ACTS[endpoint]
    return named if "." in named else f"{named}.{chosen if chosen in CHOSEN else 'unknown'}"


def _about() -> dict[str, str | int | None]:
    """What the address names: numbers, keys, logins; never what is itself a key to something."""
    return {
        name.removesuffix("_id").removesuffix("_key"): value if isinstance(value, int) else str(value)
        for name, value in (request.view_args or {}).items()
        if name != "token"
    }


def _engine_error(error: EngineError) -> Response:
    status = status_of(error)
    if status == 500:
        return _unexpected(error)
    log.get(__name__).info("refused", code=error.code, status=status, **_asked())
    note(error)
    if isinstance(error, Unavailable):
        g.pop("actor", None)  # the frame of a person's page asks the database again
        response = answer(status, error.code, sentence(error))
        response.headers["Retry-After"] = "2"
        return response
    if isinstance(error, InvalidInput):
        fields = [{"field": each.field, "code": each.code, "message": field_sentence(each)} for each in error.fields]
        return answer(status, error.code, sentence(error), fields=fields)
    if isinstance(error, DefinitionError):
        return answer(status, error.code, sentence(error), problems=[problem_record(each) for each in error.problems])
    return answer(status, error.code, sentence(error))


def _csrf_error(_error: CSRFError) -> Response:
    log.get(__name__).warning("forged_post", **_asked())
    return answer(400, "csrf", say("web.error.csrf", locale()), title=say("web.error.csrf.title", locale()))


KNOWN_STATUS = (400, 401, 403, 404, 405, 413)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect raised as an exception (a missing slash)
        return make_response(error.get_response())
    shown = 413 if isinstance(error, RequestEntityTooLarge) else status
    if shown not in KNOWN_STATUS:
        shown = 400 if shown < 500 else 500
    response = answer(
        status, f"http_{status}", say(f"web.error.{shown}", locale()), title=say(f"web.error.{shown}.title", locale())
    )
    if status == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _unexpected(error: Exception) -> Response:
    original = error.original_exception if isinstance(error, InternalServerError) else error
    number = secrets.token_hex(4).upper()
    log.get(__name__).error("page_failed", incident=number, path=request.path, exc_info=original or error)
    return answer(500, "unexpected", say("web.error.500", locale(), number=number), incident=number)


def install(app: Flask) -> None:
    """Let ``app`` answer every error as described above."""
    app.register_error_handler(EngineError, _engine_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
