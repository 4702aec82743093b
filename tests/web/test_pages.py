"""What the pages say and keep: forms, conflicts, languages, the timeline, filters."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from engine import clock
from engine.definitions import store
from engine.inbox import commands as inbox_commands
from engine.letter import Letter, ToPerson, ToRole, write
from engine.settings import CHECKOUT
from engine.worker import run_pending
from tests.publishing import publish_unexamined
from tests.web.conftest import Browser, Office

UNTRANSLATED = re.compile(r"n’a pas de texte pour|has no text for|\bweb\.[a-z_]+\.|\{[a-z_]+\}")


def _claim(office: Office, login: str, case: int) -> int:
    task = office.task_of(case)
    inbox_commands.claim(office.runtime.database, office.actor(login), task)
    return task


def _opened(office: Office, login: str, address: str) -> tuple[Browser, str]:
    browser = office.as_(login)
    return browser, unescape(browser.get(address).text)


def test_submitting_and_deciding_by_the_pages_alone(office: Office) -> None:
    camille = office.as_("camille")
    camille.get("/start/replenishment")
    sent = camille.post(
        "/start/replenishment", {"article": "LAM-LED-11", "quantity": "40", "needed_on": "", "comment": ""}
    )
    assert sent.status_code == 303
    case = int(sent.headers["Location"].rsplit("/", 1)[1])
    page = unescape(camille.get(sent.headers["Location"]).text)
    assert "Dossier ouvert" in page
    assert "Étape 2 sur 5" in page
    task = office.task_of(case)
    gabriel = office.as_("gabriel")
    assert f"/tasks/{task}" in gabriel.get(f"/inbox?view=role&task={task}").text
    claimed = gabriel.post(f"/tasks/{task}/claim")
    assert claimed.headers["Location"] == f"/tasks/{task}"
    assert "La tâche est à vous" in gabriel.get(f"/tasks/{task}").text
    done = gabriel.post(
        f"/tasks/{task}/complete", {"decision": "launch", "supplier": "OFFICE-NORD", "unit_price": "18,50"}
    )
    assert done.status_code == 303
    page = unescape(camille.get(f"/cases/{case}").text)
    assert re.search(r"CF-\d{4}-\d+", page)
    assert "Gabriel Achard" in page
    assert "740,00" in page
    run_pending(office.runtime)  # the submitter is told before the goods are awaited
    bruno = office.as_("bruno")
    for received, more, left in (("15", "yes", "25"), ("25", "", "")):
        task = office.task_of(case)
        bruno.get(f"/tasks/{task}")
        came = {"received": received, "delivery_note": "BL 4711", "more_expected": more}
        assert bruno.post(f"/tasks/{task}/complete", came).status_code == 303
        assert left in unescape(camille.get(f"/cases/{case}").text)
    run_pending(office.runtime)
    assert "Demande servie ou close" in unescape(camille.get(f"/cases/{case}").text)


def test_a_refused_answer_keeps_what_was_typed_and_names_each_field(office: Office) -> None:
    task = _claim(office, "gabriel", office.start())
    gabriel, _ = _opened(office, "gabriel", f"/tasks/{task}")
    response = gabriel.post(
        f"/tasks/{task}/complete", {"decision": "launch", "supplier": "", "unit_price": "cher", "_shown": "unit_price"}
    )
    text = unescape(response.text)
    assert response.status_code == 422
    assert 'value="cher"' in text
    assert 'value="launch" id="in-decision" checked' in text
    for field in ("supplier", "unit_price"):
        assert f'href="#in-{field}"' in text
        assert f'id="in-{field}-error"' in text
    assert text.count('aria-invalid="true"') == 2
    assert "2 réponses sont à corriger" in text
    assert "<title>Erreur" in text


def test_the_start_form_keeps_what_was_typed(office: Office) -> None:
    camille, _ = _opened(office, "camille", "/start/replenishment")
    response = camille.post(
        "/start/replenishment",
        {"article": "BUR-CH-160", "quantity": "beaucoup", "needed_on": "2020-01-01", "comment": "<b>vite</b>"},
    )
    assert response.status_code == 422
    assert 'value="beaucoup"' in response.text
    assert 'value="2020-01-01"' in response.text
    assert "&lt;b&gt;vite&lt;/b&gt;" in response.text
    assert '<option value="BUR-CH-160" selected>' in response.text


def test_a_field_that_the_form_does_not_ask_is_refused(office: Office) -> None:
    task = _claim(office, "gabriel", office.start())
    gabriel, _ = _opened(office, "gabriel", f"/tasks/{task}")
    answers = {"decision": "refuse", "reason": "Remplacé.", "request_number": "DA-0"}
    response = gabriel.post(f"/tasks/{task}/complete", answers)
    assert response.status_code == 422
    assert "request_number" in response.text


def test_the_form_follows_the_answers(office: Office) -> None:
    task = _claim(office, "gabriel", office.start(quantity="12"))
    gabriel, page = _opened(office, "gabriel", f"/tasks/{task}")
    slot = page.split('id="field-supplier"')[1].split('id="field-')[0]
    assert "<noscript>" in slot
    state = f"/tasks/{task}/form-state"
    launched = unescape(gabriel.post(state, {"decision": "launch"}).text)
    assert "#field-supplier" in launched
    assert "#field-reason" not in launched
    assert "Le formulaire a changé" in launched
    priced = {"decision": "launch", "unit_price": "10,50", "_shown": ["supplier", "unit_price", "total"]}
    computed = unescape(gabriel.post(state, priced).text)
    assert "#field-supplier" not in computed
    assert "126,00" in computed
    refused = unescape(gabriel.post(state, {"decision": "refuse", "_shown": ["supplier", "unit_price", "total"]}).text)
    assert "#field-reason" in refused
    assert "#field-supplier" in refused
    assert "<noscript>" in refused.split('id="field-supplier"')[1]


def test_when_a_colleague_was_faster_the_page_says_who_and_keeps_the_answers(office: Office) -> None:
    task = office.task_of(office.start())
    ines = office.as_("ines")
    ines.get(f"/tasks/{task}")
    inbox_commands.claim(office.runtime.database, office.actor("gabriel"), task)
    claimed = ines.post(f"/tasks/{task}/claim")
    assert claimed.status_code == 409
    assert "Gabriel Achard vient de prendre cette tâche" in claimed.text
    completed = ines.post(f"/tasks/{task}/complete", {"decision": "refuse", "reason": "Plus au catalogue."})
    assert completed.status_code == 409
    assert "Gabriel Achard" in completed.text


def test_a_task_that_is_done_says_so(office: Office) -> None:
    case = office.start()
    task = _claim(office, "gabriel", case)
    office.complete("gabriel", case, decision="refuse", reason="Remplacé.")
    gabriel, page = _opened(office, "gabriel", f"/tasks/{task}")
    assert "Cette tâche est terminée" in page
    assert gabriel.post(f"/tasks/{task}/complete", {"decision": "refuse", "reason": "x"}).status_code == 409


def test_why_this_is_in_my_inbox(office: Office) -> None:
    task = office.task_of(office.start())
    _, page = _opened(office, "gabriel", f"/tasks/{task}")
    assert "Elle s’adresse au rôle « Administration des achats »" in page.replace("\u00a0", " ")
    assert "1 autre personne la voit aussi" in page
    assert "Inès Moreau" in page
    assert "Camille Vidal" in page
    assert "Relancer les achats" in page


def test_four_eyes_are_said_to_the_manager(office: Office) -> None:
    case = office.start(quantity="100")
    office.complete("gabriel", case, decision="launch", supplier="OFFICE-NORD", unit_price="99")
    _, page = _opened(office, "monique", f"/tasks/{office.task_of(case)}")
    assert "Décider de la demande" in page
    assert "ne peut pas la prendre" in page


def test_the_timeline_says_who_when_and_what_became_what(office: Office) -> None:
    case = office.start()
    office.complete("gabriel", case, decision="refuse", reason="Remplacé en janvier.")
    _, page = _opened(office, "camille", f"/cases/{case}")
    timeline = page.split('id="timeline"')[1]
    assert "Gabriel Achard" in timeline
    assert "Refuser la demande" in timeline
    assert "Remplacé en janvier." in timeline
    assert "Aussitôt, automatiquement" in timeline
    assert "Chemin « " not in timeline.replace("\u00a0", " ")
    _, detailed = _opened(office, "camille", f"/cases/{case}?detail=all")
    assert "Chemin « Refuser » suivi" in detailed.replace("\u00a0", " ")


def test_a_case_that_stopped_says_why(office: Office) -> None:
    """Here because a second column made the table's result more than the yes or no that the gateway asks for."""
    files = store.read_folder(CHECKOUT / "processes" / "replenishment")
    table = files["approval.dmn"].replace(b"<rule id", b'<output id="second" name="delay" /><rule id', 1)
    table = table.replace(b"</outputEntry>", b'</outputEntry><outputEntry id="of_@"><text>1</text></outputEntry>')
    table = table.replace(b"of_@", b"of_below", 1).replace(b"of_@", b"of_above", 1)
    database, owner = office.runtime.database, office.actor("olivia")
    publish_unexamined(database, owner, {**files, "approval.dmn": table}, office.runtime.handlers)
    try:
        case = office.start()
        office.complete("gabriel", case, decision="launch", supplier="OFFICE-NORD", unit_price="18,50")
    finally:
        publish_unexamined(database, owner, files, office.runtime.handlers)
    _, page = _opened(office, "camille", f"/cases/{case}")
    assert "Arrêt à «\xa0Accord nécessaire ?\xa0»" in page
    assert "La condition «\xa0approval_required\xa0» doit donner vrai ou faux" in page


def test_the_table_of_steps_says_what_the_diagram_shows(office: Office) -> None:
    case = office.start()
    _, page = _opened(office, "camille", f"/cases/{case}?el=decide_request")
    row = page.split('id="el-decide_request"')[1].split("</tr>")[0]
    assert "is-selected" in row
    assert "En cours" in row
    assert "Administration des achats" in row
    assert "Pas atteinte" in page.split('id="el-launch_request"')[1].split("</tr>")[0]
    assert '<details class="bd-steps-box" data-open-narrow open' in page


def test_cases_are_found_by_number_process_and_state(office: Office) -> None:
    case = office.start()
    camille, page = _opened(office, "camille", f"/cases/{case}")
    number = re.search(r"DA-\d{4}-\d{5}", page)
    assert number is not None
    found = camille.get(f"/cases?q={number.group()}&process=replenishment&status=active").text
    assert f'href="/cases/{case}"' in found
    assert f'href="/cases/{case}"' not in camille.get(f"/cases?q={number.group()}&status=completed").text
    assert "Aucun dossier ne correspond" in camille.get("/cases?q=%25").text


def test_long_lists_have_pages_in_the_address(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        office.start()
    monkeypatch.setattr("web.records.views.PAGE", 2)
    monkeypatch.setattr("web.inbox.views.PAGE", 2)
    for address, login in (("/cases", "camille"), ("/inbox?view=role", "gabriel")):
        browser = office.as_(login)
        first = browser.get(address).text
        following = re.search(r'rel="next" href="([^"]+)"', first)
        assert following is not None
        second = browser.get(unescape(following.group(1))).text
        assert 'rel="prev"' in second
        assert _links(first).isdisjoint(_links(second))


def _links(page: str) -> set[str]:
    """The rows of a page: links to cases, or the tasks of the list."""
    rows = page.split('id="main"')[1]
    return set(re.findall(r'href="/cases/\d+"', rows)) | set(re.findall(r'id="task-\d+"', rows))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_speaks_one_language(office: Office, language: str) -> None:
    high = office.start(quantity="100")
    office.complete("gabriel", high, decision="launch", supplier="OFFICE-NORD", unit_price="99")
    low = office.start()
    done = office.start()
    office.complete("gabriel", done, decision="refuse", reason="Remplacé.")
    visits = {
        "nobody": ["/sign-in"],
        "camille": [
            "/inbox",
            "/start/replenishment",
            "/cases",
            "/cases?q=nothing",
            f"/cases/{high}",
            "/mailbox",
            "/audit",
        ],
        "gabriel": ["/inbox", f"/tasks/{office.task_of(low)}", f"/inbox?task={office.task_of(low)}"],
        "monique": [f"/tasks/{office.task_of(high)}"],
        "olivia": ["/processes", "/processes/replenishment", "/processes/replenishment/edit", "/start"],
        "aurelien": ["/audit", f"/cases/{done}?detail=all", "/cases/999999"],
        "sarah": ["/quotes", "/quotes/new", "/quotes/new?customer=CL-2026-00001", "/start/quote_acceptance"],
    }
    for login, addresses in visits.items():
        browser = office.as_(login)
        browser.client.set_cookie("bordereau-language", language)
        for address in addresses:
            text = _visible(browser.get(address).text)
            assert not UNTRANSLATED.search(text), (address, UNTRANSLATED.search(text))
            other = "Sign out" if language == "fr" else "Se déconnecter"
            assert other not in text, address
        browser.client.delete_cookie("bordereau-language")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts += [value for name, value in attrs if name in ("title", "aria-label", "placeholder") and value]
        if tag in ("script", "code"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)


def _visible(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    return " ".join(parser.parts)


def test_the_language_is_kept_in_the_browser(office: Office) -> None:
    browser = office.sign_in("camille")
    response = browser.post("/language/en", {"next": "/cases"})
    assert response.headers["Location"] == "/cases"
    page = browser.get("/cases").text
    assert '<html lang="en">' in page
    assert "Main navigation" in page


def test_the_mailbox_shows_only_what_is_addressed_to_the_person(office: Office) -> None:
    with office.runtime.database.transaction() as session:
        for key, to, subject in (
            ("for-hugo", ToPerson(login="hugo"), "Pour Hugo"),
            ("for-buyers", ToRole(role="purchasing_admin"), "Pour les achats"),
        ):
            body = "<script>alert(1)</script>"
            letter = Letter(key=key, kind="process", to=to, locale="fr", subject=subject, body=body)
            write(session, letter, clock.now(), "system")
    assert "Pour Hugo" in office.as_("hugo").get("/mailbox").text
    assert "Pour Hugo" not in office.as_("camille").get("/mailbox").text
    gabriel = office.as_("gabriel").get("/mailbox").text
    assert "Pour les achats" in gabriel
    assert "<script>alert" not in gabriel


def test_without_demonstration_there_are_no_people_to_choose_and_no_mailbox(office: Office) -> None:
    office.app.config["DEMONSTRATION"] = False
    try:
        assert "data-login" not in office.nobody().get("/sign-in").text
        assert office.as_("camille").get("/mailbox").status_code == 404
        assert "/mailbox" not in office.as_("camille").get("/inbox").text
    finally:
        office.app.config["DEMONSTRATION"] = True


def test_the_history_bundle_is_the_engines_and_verifies(office: Office) -> None:
    import io
    import subprocess
    import sys
    import zipfile

    case = office.start()
    aurelien = office.as_("aurelien")
    response = aurelien.get(f"/cases/{case}/history.zip")
    assert response.mimetype == "application/zip"
    assert re.search(r"filename=historique-DA-\d{4}-\d{5}\.zip", response.headers["Content-Disposition"])
    verifier = aurelien.get("/audit/verifier.py").data
    with zipfile.ZipFile(io.BytesIO(response.data)) as bundle:
        assert bundle.read("verifier.py") == verifier
    assert (
        subprocess.run(
            [sys.executable, "-I", "-", "--help"], input=verifier, check=False, capture_output=True
        ).returncode
        == 0
    )
