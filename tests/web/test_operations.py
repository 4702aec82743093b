"""What operators see and do in the browser: a case that stands still, incidents and cases by the dozen, messages that nobody received."""

from __future__ import annotations

import html
import json
import re
from dataclasses import fields
from datetime import timedelta

import pytest
from flask import g
from sqlalchemy import text
from werkzeug.test import TestResponse

from engine import clock
from engine.errors import Facts
from engine.handler import SYSTEM, TAKEN_BACK
from engine.instances import commands, operators
from engine.instances.work import BODIES
from engine.jobs import incidents
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.texts import has
from engine.worker import run_pending
from handlers.table import HANDLERS
from tests.engine.instances.drawing import drawing, plain, service
from tests.publishing import publish_unexamined
from tests.web.conftest import Office
from web import present


def incident(office: Office, case: int, number: int = 1) -> None:
    """A job of the case that gave up."""
    facts: Facts = {"kind": "TypeError", "attempts": 6}
    arguments = {"instance_id": case, "wait": f"w9{number}"}
    with office.runtime.database.transaction() as session:
        incidents.raise_for_job(session, "fire_timer", arguments, code="job_gave_up", facts=facts, now=clock.now())


def test_a_case_stands_still_and_goes_on_with_reasons_that_everybody_reads(office: Office) -> None:
    case = office.start()
    task = office.task_of(case)
    olivia, gabriel = office.as_("olivia"), office.as_("gabriel")
    page = olivia.get(f"/cases/{case}").text
    assert ">Suspendre<" in page
    assert ">Reprendre<" not in page
    assert re.findall(r'name="act" value="(\w+)" data-confirm="', page) == ["cancel"]
    assert olivia.post(f"/cases/{case}/operate", {"act": "suspend", "reason": " "}).status_code == 422
    assert olivia.post(f"/cases/{case}/operate", {"act": "suspend", "reason": "Prix <faux>"}).status_code == 303
    assert olivia.post(f"/cases/{case}/operate", {"act": "suspend", "reason": "encore"}).status_code == 409
    seen = gabriel.get(f"/cases/{case}").text
    assert "Suspendu par Olivia" in seen
    assert "Prix &lt;faux&gt;" in seen
    assert ">Reprendre<" not in seen
    assert "Dossier suspendu" in gabriel.get("/inbox").text
    shown = gabriel.get(f"/tasks/{task}").text
    assert "Ce dossier est suspendu" in shown
    assert f"/tasks/{task}/complete" not in shown
    answers = {"decision": "refuse", "reason": "Trop cher"}
    assert gabriel.post(f"/tasks/{task}/complete", answers).status_code == 409
    assert f"/cases/{case}" in olivia.get("/cases?status=suspended").text
    olivia.get(f"/cases/{case}")
    assert olivia.post(f"/cases/{case}/operate", {"act": "resume", "reason": "Prix corrigé"}).status_code == 303
    assert "Prix corrigé" in olivia.get(f"/cases/{case}").text
    assert f'/cases/{case}"' not in olivia.get("/cases?status=suspended").text
    assert olivia.post(f"/cases/{case}/operate", {"act": "cancel", "reason": "Doublon"}).status_code == 303
    ended = olivia.get(f"/cases/{case}").text
    assert "Doublon" in ended
    assert ">Suspendre<" not in ended


def hold(office: Office, case: int) -> None:
    """The mail to the submitter of a request waits for five minutes."""
    with office.runtime.database.transaction() as session:
        session.execute(
            text("""
            INSERT INTO engine.effect (instance_id, activity, element_id, handler, held_until)
            SELECT instance_id, activity, element_id, 'purchasing.tell_submitter', :until FROM engine.task WHERE instance_id = :case
            """),
            {"case": case, "until": clock.now() + timedelta(minutes=5)},
        )


def test_what_is_held_can_be_taken_back_where_it_is_seen(office: Office) -> None:
    case = office.start()
    hold(office, case)
    assert "Rappeler" in office.as_("camille").get(f"/cases/{case}").text
    assert "Rappeler" not in office.as_("aurelien").get(f"/cases/{case}").text
    gabriel = office.as_("gabriel")
    gabriel.get(f"/cases/{case}")
    (activity,) = set(re.findall(r"/effects/(\w+)/send-now", gabriel.get(f"/cases/{case}").text))
    assert gabriel.post(f"/cases/{case}/effects/{activity}/send-now").status_code == 303
    assert gabriel.post(f"/cases/{case}/effects/{activity}/send-now").status_code == 409
    assert "Rappeler" not in gabriel.get(f"/cases/{case}").text


def progress(page: str) -> list[str]:
    """How many are done, refused, waiting."""
    found = re.search(r"</progress>(.*?)</p>", page)
    assert found is not None
    return re.findall(r"\d+", found[1])


def test_incidents_are_filtered_and_retried_together(office: Office) -> None:
    cases = [office.start() for _ in range(3)]
    for case in cases:
        incident(office, case)
    admin = office.as_("admin")
    page = admin.get("/operations?process=replenishment&code=job_gave_up")
    assert page.status_code == 200
    ids = re.findall(r'name="target" value="(\d+)"', page.text)
    assert len(ids) == 3
    assert "Aucun incident" in admin.get("/operations?handler=nobody").text
    asked = admin.post("/operations/retry", {"target": ids[:2]})
    assert asked.status_code == 303
    assert "hx-trigger" in admin.get(asked.location).text
    run_pending(office.runtime)
    done = admin.get(asked.location).text
    assert progress(done) == ["2", "0", "0"]
    assert "hx-trigger" not in done
    assert len(re.findall(r'name="target"', admin.get("/operations").text)) == 1
    everything = admin.post("/operations/retry", {"all": "1", "code": "job_gave_up"})
    run_pending(office.runtime)
    assert progress(admin.get(everything.location).text) == ["1", "0", "0"]
    assert "Aucun incident" in admin.get("/operations").text
    assert everything.location.rsplit("/", 1)[1] in admin.get("/operations/batches").text


def test_background_work_that_gave_up_stands_in_the_history_of_its_case(office: Office) -> None:
    case = office.start()
    incident(office, case)
    admin = office.as_("admin")
    assert "Fin d’un délai" in admin.get("/operations").text
    assert "job fire_timer" not in admin.get("/operations").text
    page = html.unescape(admin.get(f"/cases/{case}").text)
    assert "Arrêté à « Fin d’un délai »" in page.replace("\u00a0", " ")
    (number,) = re.findall(rf"/cases/{case}/incidents/(\d+)/retry", page)
    assert admin.post(f"/cases/{case}/incidents/{number}/retry").status_code == 303
    run_pending(office.runtime)
    told = html.unescape(admin.get(f"/cases/{case}").text).replace("\u00a0", " ").split('id="timeline"')[1]
    resolved, raised = (told.index(f"Arrêt à « Fin d’un délai »{rest}") for rest in (" levé", " : "))
    assert resolved < raised < told.index("Dossier ouvert")
    assert "Anne Dumas" in told[:resolved]


def test_an_error_that_nothing_caught_is_told_in_its_own_words(office: Office) -> None:
    with office.app.test_request_context():
        g.locale = "fr"
        facts: Facts = {"error": "article_unknown", "article": "BUR-0"}
        said = present.cause_of("business_error_uncaught", facts)
        assert "L’article « BUR-0 » n’existe pas dans le catalogue." in said.replace("\u00a0", " ")
        assert "article_unknown" in said
        taken_back = present.cause_of("business_error_uncaught", {"error": TAKEN_BACK})
        assert taken_back.startswith("L’envoi a été rappelé avant de partir.")
        assert "« no_words »" in present.cause_of("business_error_uncaught", {"error": "no_words"}).replace(
            "\u00a0", " "
        )
        assert present.cause_named("job_gave_up") == "Travail de fond en échec"
        assert present.cause_named("anything_else") == "anything_else"


def test_every_job_has_its_words() -> None:
    assert all(has(f"web.operations.job.{name}") for name in BODIES)


def test_cases_are_chosen_and_acted_on_together(office: Office) -> None:
    cases = [office.start() for _ in range(2)]
    olivia = office.as_("olivia")
    assert f'name="target" value="{cases[0]}"' in olivia.get("/cases").text
    assert 'name="target"' not in office.as_("camille").get("/cases").text
    assert re.findall(r'name="act" value="(\w+)" data-confirm="', olivia.get("/cases").text) == ["cancel"]
    asked = olivia.post(
        "/operations/cases", {"act": "cancel", "target": [*map(str, cases), "999999"], "reason": "Essai"}
    )
    assert asked.status_code == 303
    run_pending(office.runtime)
    page = olivia.get(asked.location).text
    assert progress(page) == ["2", "1", "0"]
    assert "Ce dossier n’existe pas" in page
    assert olivia.post("/operations/cases", {"act": "retry", "target": "1", "reason": "x"}).status_code == 404


def test_messages_that_nobody_received_are_shown_with_their_time(office: Office) -> None:
    now = clock.now()
    case = office.start()
    with office.runtime.database.transaction() as session:
        sent = OutgoingMessage(name="colis <perdu>", key="K7", payload={"secret": "S"})
        messages.send(session, [sent], now, sender="camille", instance_id=case)
        messages.send(
            session,
            [OutgoingMessage(name="trop tard", key=None, payload={})],
            now - timedelta(days=30),
            sender="poste",
        )
    page = office.as_("olivia").get("/operations/messages").text
    assert "colis &lt;perdu&gt;" in page
    assert "K7" in page
    assert "secret" not in page
    with office.runtime.database.reading() as session:
        of_case = text("SELECT business_key FROM engine.instance WHERE id = :case")
        key = session.execute(of_case, {"case": case}).scalar_one()
    assert f">{key}</a>" in page
    assert f"#{case}" not in page
    assert page.count("terme passé") == 1


@pytest.mark.parametrize("address", ["/operations", "/operations/messages", "/operations/batches"])
def test_the_pages_speak_english_too(office: Office, address: str) -> None:
    olivia = office.sign_in("olivia")
    olivia.post("/language/en", {"next": "/"})
    page = olivia.get(address).text
    assert "Undelivered messages" in page
    assert "web." not in re.sub(r'(href|src|action)="[^"]*"', "", page)


def test_every_result_of_a_batch_can_be_seen_refused_ones_first(office: Office) -> None:
    olivia, missing = office.as_("olivia"), [str(each) for each in range(900_000, 900_000 + 203)]
    running = office.start()
    answer = olivia.post("/operations/cases", {"act": "suspend", "target": [str(running), *missing], "reason": "Essai"})
    run_pending(office.runtime)
    first = olivia.get(answer.location).text
    assert first.count("<tr>") - 1 == 200
    (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = olivia.get(following.replace("&amp;", "&")).text
    assert second.count("<tr>") - 1 == 4
    assert 'rel="next"' not in second
    assert f"/cases/{running}" in second, "what was done comes last"
    assert olivia.get(f"{answer.location}?state=hush&after={10**30}").status_code == 200


TOO_LONG = "Prix <faux> " + "x" * 500
SENTENCES = {" ": "Dites pourquoi", TOO_LONG: "La raison dépasse 500 caractères"}
REASONS = pytest.mark.parametrize("reason", SENTENCES, ids=["blank", "too long"])


def comes_back(answer: TestResponse, reason: str, field: str = "reason") -> None:
    """The form is there again, with what was typed and what is wrong with it beside the field."""
    page = html.unescape(answer.text)
    assert answer.status_code == 422
    found = re.search(rf'<input [^>]*id="{field}"[^>]*value="([^"]*)"[^>]*aria-invalid="true"', answer.text)
    assert found is not None
    assert html.unescape(found[1]) == reason
    assert re.search(rf'id="{field}-about"><p class="invalid-feedback d-block">{SENTENCES[reason]}', page)
    assert f'<a href="#{field}">{SENTENCES[reason]}' in page


@REASONS
def test_a_reason_that_cannot_be_kept_comes_back_to_the_page_of_the_case(office: Office, reason: str) -> None:
    case = office.start()
    olivia = office.as_("olivia")
    for act in ("suspend", "cancel"):
        answer = olivia.post(f"/cases/{case}/operate", {"act": act, "reason": reason})
        comes_back(answer, reason)
        assert ">Suspendre<" in answer.text
    assert olivia.post(f"/cases/{case}/operate", {"act": "suspend", "reason": "Prix"}).status_code == 303
    comes_back(olivia.post(f"/cases/{case}/operate", {"act": "resume", "reason": reason}), reason)
    asked = olivia.post(
        f"/cases/{case}/operate", {"act": "resume", "reason": reason}, headers={"Accept": "application/json"}
    )
    assert asked.mimetype == "application/problem+json"
    assert [each["field"] for each in asked.get_json()["fields"]] == ["reason"]


@REASONS
def test_a_reason_for_an_effect_comes_back_to_its_own_form(office: Office, reason: str) -> None:
    case = office.start()
    hold(office, case)
    with office.runtime.database.transaction() as session:
        arguments = {"instance_id": case, "activity": "a1"}
        incidents.raise_for_job(
            session, "run_effect", arguments, code="effect_uncertain", facts={"kind": "x"}, now=clock.now()
        )
    olivia = office.as_("olivia")
    page = olivia.get(f"/cases/{case}").text
    (take_back,) = set(re.findall(rf"/cases/{case}/effects/\w+/take-back", page))
    comes_back(olivia.post(take_back, {"reason": reason}), reason, f"why-{take_back.split('/')[4]}")
    (confirm,) = set(re.findall(rf"/cases/{case}/incidents/\d+/confirm", page))
    answer = olivia.post(confirm, {"reason": reason})
    comes_back(answer, reason, f"how-{confirm.split('/')[4]}")
    assert answer.text.count('aria-invalid="true"') == 1


@pytest.mark.parametrize(
    ("handler", "is_confirmed"), [("purchasing.tell_submitter", True), ("sales.send_quote", False)]
)
def test_what_went_out_is_confirmed_where_nothing_of_it_is_missing(
    office: Office, handler: str, is_confirmed: bool
) -> None:
    key = handler.replace(".", "_")
    described = f"key: {key}\ntitle: {{fr: Essai, en: Trial}}\nprocess: {key}\nstart: {{roles: [purchasing_admin]}}\n"
    inputs = dict.fromkeys((each.name for each in fields(HANDLERS.handlers[handler].input_type)), "null")
    drawn = drawing(plain(key, service("send", handler, inputs=inputs), flows="start -> send -> end"))
    files = {"process.yaml": described.encode(), f"{key}.bpmn": drawn}
    publish_unexamined(office.runtime.database, SYSTEM, files, HANDLERS)
    case = commands.start_instance(office.runtime, office.actor("gabriel"), key).instance_id
    with office.runtime.database.transaction() as session:
        session.execute(
            text("""
                INSERT INTO engine.incident (instance_id, reference, activity, element_id, code, place, facts, raised_at)
                VALUES (:case, 'i1', 'a1', 'send', 'effect_uncertain', 'send', :facts, :now)
            """),
            {"case": case, "facts": json.dumps({"handler": handler}), "now": clock.now()},
        )
    page = html.unescape(office.as_("olivia").get(f"/cases/{case}").text)
    assert ("/confirm" in page) == is_confirmed
    title = HANDLERS.handlers[handler].title_fr
    assert f'<option value="{handler}">{title}</option>' in html.unescape(office.as_("olivia").get("/operations").text)
    assert ("passez l’étape et écrivez ce résultat" in page) != is_confirmed
    assert "passez l’étape" not in html.unescape(office.as_("gabriel").get(f"/cases/{case}").text)


@REASONS
def test_a_refused_batch_keeps_the_list_what_was_ticked_and_typed(office: Office, reason: str) -> None:
    cases = [office.start() for _ in range(2)]
    olivia = office.as_("olivia")
    listed = olivia.get("/cases?process=replenishment&status=active").text
    found = re.search(r'action="(/operations/cases\?[^"]*)"', listed)
    assert found is not None
    address = html.unescape(found[1])
    answer = olivia.post(address, {"act": "cancel", "target": str(cases[0]), "reason": reason})
    comes_back(answer, reason)
    assert '<option value="replenishment" selected>' in answer.text
    assert '<option value="active" selected>' in answer.text
    assert re.findall(r'name="target" value="(\d+)" checked', answer.text) == [str(cases[0])]
    nothing = olivia.post(address, {"act": "cancel", "reason": "Doublons"})
    assert nothing.status_code == 422
    assert "Rien n’est choisi" in nothing.text
    assert 'value="Doublons"' in nothing.text
    nothing = olivia.post(address.replace("/cases?", "/cases/repair?"), {})
    assert nothing.status_code == 422
    assert "Rien n’est choisi" in nothing.text
    assert '<option value="active" selected>' in nothing.text


def test_a_retry_of_nothing_says_so_above_the_list(office: Office) -> None:
    answer = office.as_("admin").post("/operations/retry", {"code": "job_gave_up"})
    assert answer.status_code == 422
    assert "Rien n’est choisi" in answer.text
    assert 'action="/operations"' in answer.text


def test_a_cancelled_case_is_not_said_to_have_done_every_stage(office: Office) -> None:
    case = office.start()
    operators.operate(office.runtime, office.actor("olivia"), "cancel", case, "Doublon")
    page = html.unescape(office.as_("gabriel").get(f"/cases/{case}").text)
    assert "Arrêté avant la fin" in page
    assert "Toutes les étapes sont terminées" not in page
