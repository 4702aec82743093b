"""Comments, files and drafts on pages: hostile content stays harmless, refusals are told, nothing typed is lost."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest

from engine.files.store import MOST_BYTES
from tests.web.conftest import Browser, Office

PDF = b"%PDF-1.7\n<script>alert(1)</script>"


@pytest.fixture(scope="module")
def case(office: Office) -> int:
    return office.start()


def send(browser: Browser, case: int, content: bytes, name: str, **more: str) -> object:
    browser.get("/inbox")
    data = {"file": (io.BytesIO(content), name), **more}
    return browser.post(f"/cases/{case}/files", data, content_type="multipart/form-data")


def test_a_file_comes_back_as_an_attachment_that_runs_nowhere(office: Office, case: int) -> None:
    camille = office.as_("camille")
    sent = send(camille, case, PDF, "../évil;a.html")
    assert getattr(sent, "status_code", None) == 303
    page = camille.get(f"/cases/{case}/papers").text
    found = re.search(r'href="(/files/\d+)" download>.*?</svg>([^<]+)</a>', page, re.DOTALL)
    assert found is not None
    assert unescape(found[2]) == "évil_a.html.pdf"
    answer = camille.get(found[1])
    assert answer.data == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"_vil_a.html.pdf\"; filename*=UTF-8''%C3%A9vil_a.html.pdf"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in answer.headers["Cache-Control"]
    assert office.as_("zoe").get(found[1]).status_code == 404
    assert office.nobody().get(found[1]).status_code == 303
    number = found[1].rsplit("/", 1)[1]
    gabriel = office.as_("gabriel")
    gabriel.get("/inbox")
    assert gabriel.post(f"/files/{number}/remove").status_code == 403
    camille.get("/inbox")
    assert (
        camille.post(f"/files/{number}/remove", {"next": "//evil.example"}).headers["Location"]
        == f"/cases/{case}/papers"
    )
    assert camille.get(found[1]).status_code == 404
    history = unescape(camille.get(f"/cases/{case}").text)
    assert "Fichier joint" in history
    assert "Fichier retiré" in history


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"<html><script>alert(1)</script></html>", "a.pdf", "Ce genre de fichier n’est pas accepté"),
        (b"", "a.pdf", "Choisissez un fichier"),
    ],
)
def test_what_is_not_taken_is_said(office: Office, case: int, content: bytes, name: str, reason: str) -> None:
    refused = send(office.as_("camille"), case, content, name)
    assert getattr(refused, "status_code", None) == 422
    assert reason in unescape(getattr(refused, "text", ""))


def test_a_file_that_is_too_large_is_not_even_read(office: Office, case: int) -> None:
    body = b"x" * (MOST_BYTES + 128 * 1024)
    refused = office.as_("camille").client.post(
        f"/cases/{case}/files", data=body, content_type="multipart/form-data; boundary=b"
    )
    assert refused.status_code == 413


def test_comments_are_text_and_stay_where_they_were_typed(office: Office, case: int) -> None:
    camille = office.as_("camille")
    task = office.task_of(case)
    camille.get(f"/tasks/{task}")
    sent = camille.post(
        f"/cases/{case}/comments", {"text": "<img src=x onerror=alert(1)> merci", "next": f"/tasks/{task}"}
    )
    assert sent.headers["Location"] == f"/tasks/{task}"
    page = office.as_("gabriel").get(f"/tasks/{task}").text
    assert "&lt;img src=x onerror=alert(1)&gt; merci" in page
    assert "<img src=x" not in page
    long = "x" * 5_001
    camille.get(f"/tasks/{task}")
    refused = camille.post(f"/cases/{case}/comments", {"text": long})
    assert refused.status_code == 422
    assert long in refused.text
    aurelien = office.as_("aurelien")
    assert 'name="text"' not in aurelien.get(f"/cases/{case}/papers").text
    assert aurelien.post(f"/cases/{case}/comments", {"text": "x"}).status_code == 403
    number = re.search(r"/comments/(\d+)/remove", office.as_("admin").get(f"/cases/{case}/papers").text)
    assert number is not None
    admin = office.as_("admin")
    papers = f"/cases/{case}/papers"
    admin.post(f"/comments/{number[1]}/remove", {"next": papers})  # another’s: why?
    assert "merci" in admin.get(papers).text
    assert (
        admin.post(f"/comments/{number[1]}/remove", {"because": "demande du 3 mai", "next": papers}).status_code == 303
    )
    assert "demande du 3 mai" in unescape(admin.get(f"/cases/{case}").text)
    shown = unescape(admin.get(f"/cases/{case}/papers").text)
    assert "Commentaire retiré par Anne Dumas" in shown
    assert "merci" not in shown


def test_a_draft_is_kept_shown_again_and_thrown_away(office: Office) -> None:
    case = office.start("PAN-AC-120", "2")
    task = office.task_of(case)
    gabriel = office.as_("gabriel")
    gabriel.get(f"/tasks/{task}")
    gabriel.post(f"/tasks/{task}/claim")
    typed = {"decision": "launch", "unit_price": "12,", "supplier": ""}
    kept = gabriel.client.post(
        f"/tasks/{task}/draft", data=typed | {"csrf_token": gabriel.token}, headers={"HX-Request": "true"}
    )
    assert kept.status_code == 200
    assert "Brouillon gardé à" in unescape(kept.text)
    page = unescape(gabriel.get(f"/tasks/{task}").text)
    assert "Voici votre brouillon" in page
    assert 'value="12,"' in page
    assert "Voici votre brouillon" not in unescape(office.as_("ines").get(f"/tasks/{task}").text)
    assert gabriel.post(f"/tasks/{task}/draft/forget").status_code == 303
    assert 'value="12,"' not in gabriel.get(f"/tasks/{task}").text
    assert gabriel.post(f"/tasks/{task}/draft", {"decision": "refuse"}).headers["Location"].startswith("/inbox")
    refused = gabriel.post(f"/tasks/{task}/complete", {"decision": "refuse", "reason": ""})
    assert refused.status_code == 422


def test_a_draft_that_comes_after_the_click_says_so_where_the_draft_is_told(office: Office) -> None:
    case = office.start("PAN-AC-120", "2")
    task = office.task_of(case)
    gabriel = office.as_("gabriel")
    gabriel.get(f"/tasks/{task}")
    gabriel.post(f"/tasks/{task}/claim")
    gabriel.post(f"/tasks/{task}/complete", {"decision": "refuse", "reason": "Plus au catalogue."})
    typed = {"decision": "refuse", "csrf_token": gabriel.token}
    late = gabriel.client.post(f"/tasks/{task}/draft", data=typed, headers={"HX-Request": "true"})
    assert late.status_code == 200
    assert 'hx-target="#draft-state"' in late.text
    assert "Brouillon gardé" not in unescape(late.text)
    assert gabriel.post(f"/tasks/{task}/draft", {"decision": "refuse"}).status_code == 409
