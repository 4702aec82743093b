"""The examination of what was drawn: asked for, followed, and told in the person's language (process owners only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from engine.definitions import examination
from engine.definitions import store as definitions
from engine.definitions.examination import Examination
from engine.definitions.examining import Covered, Examined, Played, Proved
from engine.definitions.findings import proved_record
from engine.errors import Conflict
from engine.model.bundle import content_hash
from engine.second_opinion import Opinion, figures
from web import auth, errors
from web.ui import in_language, t
from web.workshop.posting import files_with, sent
from web.workshop.versions import OWNERS

blueprint = Blueprint("examinations", __name__)

RUNNING = "examination_running"
"""The code of whoever publishes before the examination is done."""

_NOTHING = Examined(covered=Covered(elements={}, flows={}, rules={}, percent=100, stories=0))


@blueprint.post("/processes/<process_key>/examination")
@auth.requires(*OWNERS)
def ask(process_key: str) -> Response:
    """The report on what was sent, as far as it is; the examination begins if nobody has asked for it."""
    files = files_with(process_key, sent())
    runtime = auth.runtime()
    problems = definitions.problems_with_draft(runtime.database, files, runtime.handlers)
    if any(each.severity == "error" for each in problems):
        return jsonify(_not_examined(content_hash(files)))
    return jsonify(report(examination.ask(runtime.database, auth.actor(), process_key, files, runtime.handlers)))


@blueprint.get("/processes/<process_key>/examination/<hashed>")
@auth.requires(*OWNERS)
def look(process_key: str, hashed: str) -> Response:
    """The report on a content that was asked for."""
    runtime = auth.runtime()
    return jsonify(report(examination.report(runtime.database, auth.actor(), process_key, hashed, runtime.handlers)))


def running(process_key: str, files: Mapping[str, bytes], refusal: Conflict) -> Response:
    """409 for whoever published too early, with the report on ``files``, whose examination is now asked for."""
    runtime = auth.runtime()
    known = examination.ask(runtime.database, auth.actor(), process_key, files, runtime.handlers)
    return errors.answer(
        errors.status_of(refusal), RUNNING, errors.sentence(refusal), id=known.content_hash, report=report(known)
    )


def report(known: Examination) -> dict[str, Any]:
    """An examination for the editor: nothing is found, and nothing may be published, until it is done."""
    progress = {"done": known.done, "total": known.total, "now": t(known.now_code, **known.now_facts)}
    found = known.found or _NOTHING
    return {
        "id": known.content_hash,
        "state": known.state,
        "progress": progress,
        "may_publish": known.found is not None and found.may_publish,
        "needs_reason": found.needs_reason,
        "verdicts": [_verdict(each) for each in found.proved],
        "stories": [_story(each) for each in found.played],
        "opinions": asdict(figures(found.opinions)),
        "coverage": {
            "elements": found.covered.elements,
            "flows": found.covered.flows,
            "rules": found.covered.rules,
            "percent": found.covered.percent,
            "stories": found.covered.stories,
        },
    }


def _not_examined(hashed: str) -> dict[str, Any]:
    """What has errors is not examined: they come first."""
    return report(
        Examination(
            content_hash=hashed,
            process_key="",
            state="done",
            done=0,
            total=0,
            now_code="examination_errors_first",
            now_facts={},
            found=None,
        )
    )


def _verdict(proved: Proved) -> dict[str, Any]:
    record = proved_record(proved)
    told = ("process", "file", "soundness", "kind", "element", "path", "conditions", "relies_on")
    return {
        **{name: record[name] for name in told},
        "title": in_language(proved.title),
        "sentence": proved.sentence(errors.locale()),
        # kept as the text of its FEEL already
        "example": dict(proved.verdict.example),
    }


def _story(played: Played) -> dict[str, Any]:
    return {
        "file": played.file,
        "title": in_language(played.title),
        "passed": played.passed,
        "problems": [errors.problem_record(each) for each in played.problems],
        "path": list(played.path),
        "opinion": None if played.opinion is None else _opinion(played.opinion),
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "kind": opinion.agreement.value,
        "unexplained": opinion.is_unexplained,
        "sentence": opinion.sentence(errors.locale()),
        "element": opinion.element,
    }
