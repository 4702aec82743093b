"""A page of parts, the viewer and the editor under the strict content security policy, without the application.

``python web/frontend/test/harness.py [port]`` serves it; `test_harness.py` of tests/web drives it in a browser. Everything that a browser
reports to ``/csp-report`` is kept and readable at ``/reports``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flask import Flask, Response, jsonify, request, send_from_directory
from flask.typing import ResponseReturnValue

HERE = Path(__file__).resolve().parent
DIST = HERE.parent.parent / "static" / "dist"
PROCESS = HERE.parents[2] / "processes" / "replenishment" / "replenishment.bpmn"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; report-uri /csp-report"
)


def create_harness() -> Flask:
    app = Flask(__name__, static_folder=None)
    reports: list[object] = []
    posted: list[dict[str, object]] = []

    def head(*entries: str) -> str:
        manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
        tags = []
        for name in entries:
            chunk = manifest[name]
            tags += [f'<link rel="stylesheet" href="/static/dist/{css}">' for css in chunk.get("css", [])]
            tags.append(f'<script type="module" src="/static/dist/{chunk["file"]}"></script>')
        return "\n".join(tags)

    def page(file: str, *entries: str, **facts: str) -> str:
        lang = request.args.get("lang", "fr")
        body = (HERE / file).read_text("utf-8")
        for name, value in facts.items():
            body = body.replace("{{" + name + "}}", value)
        return (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
            f'initial-scale=1"><title>Harness</title><link rel="icon" href="/icon.svg">{head(*entries)}</head><body>{body}</body></html>'
        )

    @app.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/")
    def parts() -> str:
        return page("parts.html", "page")

    @app.get("/case")
    def case() -> str:
        return page("case.html", "page", "viewer")

    @app.get("/edit")
    def edit() -> str:
        data = json.loads((HERE / "editor-data.json").read_text("utf-8"))
        data["bpmn"] = PROCESS.read_text("utf-8")
        text = json.dumps(data).replace("<", "\\u003c")
        return page("edit.html", "page", "editor", data=text, lang=request.args.get("lang", "fr"))

    @app.get("/diagram.bpmn")
    def diagram() -> ResponseReturnValue:
        return send_from_directory(PROCESS.parent, PROCESS.name, mimetype="application/xml")

    @app.post("/check")
    def check() -> ResponseReturnValue:
        sent = request.get_json()
        posted.append({"to": "check", **sent})
        problems = []
        if "Approve_extra" in sent["bpmn"] or "<bpmn:task " in sent["bpmn"]:
            problems.append(
                {
                    "code": "x",
                    "element_id": "Launch",
                    "place": "",
                    "severity": "error",
                    "message": "Cette étape n’a pas de rôle.",
                }
            )
        problems.append(
            {
                "code": "y",
                "element_id": "Flow_refused",
                "place": "",
                "severity": "warning",
                "message": "Condition à relire.",
            }
        )
        return jsonify(problems=problems)

    @app.post("/draft")
    def draft() -> ResponseReturnValue:
        sent = request.get_json()
        posted.append({"to": "draft", "token": request.headers.get("X-CSRFToken"), **sent})
        return jsonify(revision=int(sent["revision"] or 0) + 1)

    @app.post("/publish")
    def publish() -> ResponseReturnValue:
        sent = request.get_json()
        posted.append({"to": "publish", **sent})
        if sent.get("note") == "conflict":
            return jsonify(message="La version 4 a été publiée entre-temps par Olivia."), 409
        if sent.get("note") == "broken":
            problem = {
                "code": "x",
                "element_id": "Launch",
                "place": "",
                "severity": "error",
                "message": "Rôle inconnu.",
            }
            return jsonify(problems=[problem]), 422
        return jsonify(version=4, url="/case")

    @app.post("/csp-report")
    def report() -> ResponseReturnValue:
        reports.append(request.get_json(force=True))
        return "", 204

    @app.get("/reports")
    def list_reports() -> ResponseReturnValue:
        return jsonify(reports)

    @app.get("/posted")
    def list_posted() -> ResponseReturnValue:
        return jsonify(posted)

    @app.get("/icon.svg")
    def icon() -> ResponseReturnValue:
        return Response('<svg xmlns="http://www.w3.org/2000/svg"/>', mimetype="image/svg+xml")

    @app.get("/static/dist/<path:name>")
    def built(name: str) -> ResponseReturnValue:
        return send_from_directory(DIST, name)

    return app


if __name__ == "__main__":
    create_harness().run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 5055, threaded=True)
