"""Viewer and editors under the application's content policy, without the application: a page for each, and addresses that answer.

What the editors send is kept in ``Harness.posted``. The note ``conflict`` makes publishing fail with 409, ``broken`` with 422, ``early``
with 409 once, because the server has still to examine.
``Harness.soundness`` is what examinations find (``examination.py``); while ``ends`` is false, they go on.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, jsonify, request, send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from tests import replenishment
from tests.browser.frontend import examination

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DIST = ROOT / "web" / "static" / "dist"
PROCESS = replenishment.BPMN
DECISIONS = replenishment.FOLDER / "approval.dmn"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report"
)
WARNING = {
    "code": "y",
    "element_id": "flow_gateway_decision_2",
    "severity": "warning",
    "message": "Condition à relire.",
}
ERROR = {"code": "x", "element_id": "launch_request", "severity": "error", "message": "Traitement inconnu."}
OF_A_ROW = {
    "code": "o",
    "file": "approval.dmn",
    "element_id": "above_threshold",
    "severity": "error",
    "message": "Les lignes 1 et 2 conviennent toutes deux, par exemple pour amount = 5000.",
}
OF_THE_WHOLE = {
    "code": "z",
    "element_id": None,
    "severity": "warning",
    "message": "Le processus n’a pas de titre anglais.",
}


@dataclass(slots=True)
class Harness:
    """The running pages: ``with Harness() as harness: … harness.url``."""

    posted: list[dict[str, Any]] = field(default_factory=list)
    soundness: str = "sound"
    looks: int = 0
    ends: bool = True
    url: str = ""
    _server: Any = None

    def __enter__(self) -> Self:
        self._server = make_server("127.0.0.1", 0, application(self), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sent(self, to: str) -> dict[str, Any]:
        """The last thing posted to this address."""
        return next(each for each in reversed(self.posted) if each["to"] == to)


def application(harness: Harness) -> Flask:
    """The pages as a WSGI application that appends what it is sent to ``harness.posted``."""
    app = Flask(__name__, static_folder=None)

    @app.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/case")
    def case() -> str:
        return _page("case.html", "page", "viewer")

    @app.get("/edit")
    def edit() -> str:
        chosen = request.args.get("process")
        diagram = replenishment.diagram() if chosen is None else shipped(chosen)
        given = json.loads((HERE / "editor-data.json").read_text("utf-8")) | {"bpmn": diagram}
        return _page("edit.html", "page", "editor", data=json.dumps(given).replace("<", "\\u003c"))

    @app.get("/replenishment/decisions/approval.dmn")
    def decisions() -> str:
        chosen = request.args.get("file")
        text = (HERE / chosen if chosen else DECISIONS).read_text("utf-8")
        given = {"path": "approval.dmn", "dmn": text, "names": ["amount"]}
        return _page("decision.html", "page", "decisions", data=json.dumps(given).replace("<", "\\u003c"))

    @app.get("/diagram.bpmn")
    def diagram() -> ResponseReturnValue:
        return Response(replenishment.diagram(), mimetype="application/xml")

    @app.post("/<any(check, draft, publish, expression, examination):action>")
    @app.post("/replenishment/<any(check, draft, publish, expression, examination):action>")
    def act(action: str) -> ResponseReturnValue:
        sent = request.get_json()
        is_first = not any(each["to"] == action for each in harness.posted)
        harness.posted.append({**sent, "to": action, "token": request.headers.get("X-CSRFToken")})
        if action == "examination":
            harness.looks = 0
            return jsonify(examination.report("waiting", harness.soundness))
        if action == "publish" and sent["note"] == "early" and is_first:
            return jsonify(code="examination_running", id="c0ffee", detail="L’examen n’est pas fini."), 409
        return _answer(action, sent)

    @app.get("/examination/c0ffee")
    @app.get("/replenishment/examination/c0ffee")
    def examined() -> ResponseReturnValue:
        harness.looks += 1
        return jsonify(
            examination.report("done" if harness.ends and harness.looks > 1 else "running", harness.soundness)
        )

    @app.post("/csp-report")
    def report() -> ResponseReturnValue:
        return "", 204

    @app.get("/icon.svg")
    def icon() -> ResponseReturnValue:
        return send_from_directory(ROOT / "web" / "static", "icon.svg")

    @app.get("/static/dist/<path:name>")
    def built(name: str) -> ResponseReturnValue:
        return send_from_directory(DIST, name)

    return app


def shipped(key: str) -> str:
    """The diagram of a process that ships as one."""
    return (ROOT / "processes" / key / f"{key}.bpmn").read_text("utf-8")


def _answer(action: str, sent: dict[str, Any]) -> ResponseReturnValue:
    if action == "expression":
        return jsonify(problems=_expression_problems(sent["source"]), type=None)
    if action == "check":
        text = "".join(sent["files"].values())
        broken = [ERROR] if "no.such.handler" in text else []
        overlap = [OF_A_ROW] if "&gt;= 5000" in text else []
        return jsonify(problems=[OF_THE_WHOLE, WARNING, *broken, *overlap])
    if action == "draft":
        return jsonify(revision=int(sent["revision"] or 0) + 1)
    if sent["note"] == "conflict":
        return jsonify(message="La version 4 a été publiée entre-temps."), 409
    if sent["note"] == "broken":
        return jsonify(problems=[ERROR], message="Ce processus a des erreurs."), 422
    return jsonify(version=4, url="/case")


def _expression_problems(source: str) -> list[dict[str, object]]:
    """A name that is nearly right is said with its place; everything else is right."""
    at = source.find("amont")
    message = "La variable « amont » n’existe pas. Vouliez-vous dire « amount » ?"
    return [{"code": "u", "message": message, "at": at, "length": 5, "severity": "error"}] if at >= 0 else []


def _page(file: str, *entries: str, **facts: str) -> str:
    language = request.args.get("lang", "fr")
    body = (HERE / file).read_text("utf-8")
    for name, value in {"lang": language, **facts}.items():
        body = body.replace("{{" + name + "}}", value)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Harness</title>'
    return (
        f'<!doctype html><html lang="{language}"><head>{head}<link rel="icon" href="/icon.svg">{_tags(entries)}</head>'
        f"<body>{body}</body></html>"
    )


def _tags(entries: tuple[str, ...]) -> str:
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    styles = dict.fromkeys(css for name in entries for css in manifest[name]["css"])
    links = [f'<link rel="stylesheet" href="/static/dist/{css}">' for css in styles]
    scripts = [f'<script type="module" src="/static/dist/{manifest[name]["file"]}"></script>' for name in entries]
    return "".join([*links, *scripts])
