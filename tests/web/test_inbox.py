"""The pages of the inbox: searching, lists with a name, passing on, standing in. In the demonstration company, in French."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from sqlalchemy import text

from engine import clock
from tests.engine.inbox.test_acts import statements
from tests.web.conftest import Browser, Office

ZONE_DAY = timedelta(days=1)


def text_of(browser: Browser, address: str) -> str:
    response = browser.get(address)
    assert response.status_code == 200, address
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


def key_of(office: Office, case: int) -> str:
    found = re.search(r"DA-\d+-\d+", office.as_("admin").get(f"/cases/{case}").text)
    assert found is not None
    return found[0]


def test_searching_finds_beginnings_of_words_without_accents(office: Office) -> None:
    lamp, desk = office.start("LAM-LED-11", "2"), office.start("BUR-CH-160", "3")
    gabriel = office.as_("gabriel")
    for typed in ("lampe", "LAMP", key_of(office, lamp), "led orient"):
        page = text_of(gabriel, f"/inbox?q={typed}")
        assert key_of(office, lamp) in page, typed
        assert key_of(office, desk) not in page, typed
    assert key_of(office, desk) in text_of(gabriel, "/inbox?q=chene")
    assert "Aucune tâche ne correspond" in text_of(gabriel, "/inbox?q=hippopotame")
    assert "Aucune tâche ne correspond" in text_of(gabriel, "/inbox?q=%27%3A*%26%21")


def test_a_list_is_narrowed_by_a_field_of_its_cases_and_kept(office: Office) -> None:
    few, many = office.start("LAM-LED-11", "1000"), office.start("LAM-LED-11", "2500")
    gabriel = office.as_("gabriel")
    page = gabriel.get("/inbox").text
    assert '<option value="number:replenishment:quantity">Quantité</option>' in page
    assert 'name="from"' not in page
    key = "number:replenishment:quantity"
    for asked, has_few, has_many in (
        ("from=900&to=2 000,5", True, False),
        ("from=2 000,5", False, True),
        ("to=2500", True, True),
        ("from=&to=", True, True),
    ):
        page = gabriel.get(f"/inbox?field={key}&{asked}&q=lampe").text
        assert (key_of(office, few) in page, key_of(office, many) in page) == (has_few, has_many), asked
        assert 'inputmode="decimal"' in page
    assert key_of(office, few) in gabriel.get("/inbox?field=text:replenishment:request_number&from=da-").text
    gabriel.get("/inbox")
    query = f"field={key}&from=2 000&q=lampe"
    kept = gabriel.post("/inbox/lists", {"name": "Beaucoup", "query": query}).headers["Location"]
    assert "from=2000" in kept
    assert re.search(r"Beaucoup <span[^>]*>1<", gabriel.get("/inbox/lists/counts").text)


def test_what_nobody_can_read_of_a_field_narrows_nothing_and_is_said(office: Office) -> None:
    office.start("LAM-LED-11", "2")
    gabriel = office.as_("gabriel")
    assert "field-from-problem" in gabriel.get("/inbox?field=number:replenishment:quantity&from=beaucoup").text
    assert "field-to-problem" in gabriel.get("/inbox?field=date:replenishment:needed_on&to=31/02/2026").text
    for hostile in ("x", "number:", "number::x", "boolean:a:b", "text:a:" + "x" * 300):
        page = gabriel.get(f"/inbox?field={hostile}&from=1")
        assert page.status_code == 200, hostile
        assert 'name="from"' not in page.text, hostile
    assert 'name="from"' not in gabriel.get("/inbox?process=other&field=number:replenishment:quantity&from=1").text
    injected = gabriel.get("/inbox?field=text:replenishment:x') OR true --&from=a")
    assert "Aucune tâche ne correspond" in unescape(injected.text)


def test_a_list_is_kept_counted_and_forgotten(office: Office) -> None:
    office.start("PAN-AC-120", "2")
    gabriel = office.as_("gabriel")
    gabriel.get("/inbox?q=panneau&due=week")
    sent = gabriel.post(
        "/inbox/lists", {"name": "  Panneaux   de la semaine ", "query": "view=role&q=panneau&nonsense=1"}
    )
    assert sent.headers["Location"] == "/inbox?view=role&q=panneau"
    page = gabriel.get("/inbox").text
    found = re.search(r"/inbox/lists/(\d+)\"[^>]*>Panneaux de la semaine", page)
    assert found is not None
    assert gabriel.get(f"/inbox/lists/{found[1]}").headers["Location"] == "/inbox?view=role&q=panneau"
    assert re.search(r"Panneaux de la semaine <span[^>]*>1<", gabriel.get("/inbox/lists/counts").text)
    assert office.as_("ines").get(f"/inbox/lists/{found[1]}").status_code == 404
    gabriel.get("/inbox")
    assert gabriel.post(f"/inbox/lists/{found[1]}/remove").status_code == 303
    assert gabriel.get(f"/inbox/lists/{found[1]}").status_code == 404
    gabriel.post("/inbox/lists", {"name": " ", "query": ""})
    assert "Donnez un nom" in text_of(gabriel, "/inbox")


def test_a_task_is_passed_on_with_a_word(office: Office) -> None:
    case = office.start()
    task = office.task_of(case)
    gabriel, ines = office.as_("gabriel"), office.as_("ines")
    page = gabriel.get(f"/tasks/{task}").text
    assert '<option value="ines">Inès Moreau</option>' in page
    assert '<option value="gabriel">' in page
    assert "camille" not in page
    assert gabriel.post(f"/tasks/{task}/delegate", {"to": "camille"}).status_code == 422
    assert gabriel.post(f"/tasks/{task}/delegate", {"to": "ines", "note": "<b>tu connais</b>"}).status_code == 303
    assert "« <b>tu connais</b> »" in unescape(ines.get(f"/tasks/{task}").text).replace("\u00a0", " ")
    assert "<b>tu connais" not in ines.get(f"/tasks/{task}").text
    assert "Inès Moreau a pris cette tâche" in text_of(gabriel, f"/tasks/{task}")
    history = text_of(office.as_("admin"), f"/cases/{case}")
    assert "Gabriel Achard" in history
    assert "confiée à Inès Moreau" in history


def note_absence(office: Office, login: str, **typed: object) -> int:
    today = clock.now().astimezone(office.runtime.zone).date()
    usual = {"person": login, "first_day": str(today), "last_day": str(today + ZONE_DAY)}
    browser = office.as_(login)
    browser.get("/absences")
    return browser.post("/absences", usual | typed).status_code


def test_standing_in_by_the_pages(office: Office) -> None:
    case = office.start()
    task = office.task_of(case)
    assert office.as_("hugo").get("/inbox").text.count("Remplacements") == 0
    assert note_absence(office, "gabriel", substitute="gabriel") == 422
    assert note_absence(office, "gabriel", substitute="hugo", first_day="") == 422
    assert note_absence(office, "gabriel", substitute="hugo", only="some", processes="replenishment") == 303
    assert note_absence(office, "gabriel", substitute="hugo") == 409
    # who is no administrator notes their own, whatever the page sends
    assert note_absence(office, "ines", person="gabriel", substitute="ines") == 422
    hugo = office.as_("hugo")
    assert "Remplacements" in text_of(hugo, "/inbox")
    page = text_of(hugo, "/inbox?view=absent")
    assert "Vous remplacez Gabriel Achard jusqu’au" in page
    assert "Pour Gabriel Achard, en absence jusqu’au" in text_of(hugo, f"/tasks/{task}")
    hugo.get(f"/tasks/{task}")
    assert hugo.post(f"/tasks/{task}/claim").status_code == 303
    answers = {"decision": "refuse", "reason": "Rien en stock chez eux."}
    assert hugo.post(f"/tasks/{task}/complete", answers).status_code == 303
    assert hugo.get(f"/cases/{case}").status_code == 200
    assert "pour Gabriel Achard, en absence" in text_of(office.as_("admin"), f"/cases/{case}")
    found = re.search(r"/absences/(\d+)/end", office.as_("gabriel").get("/absences").text)
    assert found is not None
    hugo.get("/absences")
    assert "/end" not in hugo.get("/absences").text
    assert hugo.post(f"/absences/{found[1]}/end").status_code == 403
    assert office.as_("ines").post(f"/absences/{found[1]}/end").status_code == 404
    gabriel = office.as_("gabriel")
    gabriel.get("/absences")
    assert gabriel.post(f"/absences/{found[1]}/end").status_code == 303
    assert hugo.get("/inbox").text.count("Remplacements") == 0


def test_the_administration_notes_and_sees_everybodys(office: Office) -> None:
    assert note_absence(office, "admin", person="monique", substitute="ines") == 303
    page = text_of(office.as_("admin"), "/absences")
    assert "Monique Lacaze, en absence ; Inès Moreau fait ses tâches" in page.replace("\u00a0", " ")
    assert "Monique" not in text_of(office.as_("camille"), "/absences").split("Noter une absence")[0]
    english = office.sign_in("admin")
    english.post("/language/en")
    assert "Monique Lacaze, away" in text_of(english, "/absences")


def test_a_page_of_the_inbox_costs_the_same_for_one_task_and_for_many(office: Office) -> None:
    gabriel = office.as_("gabriel")
    counts = []
    for more in (1, 6):
        for _ in range(more):
            office.start()
        gabriel.get("/inbox")
        with statements(office.runtime) as seen:
            gabriel.get("/inbox")
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] < 20


def test_several_tasks_are_taken_and_completed_together_and_what_fails_is_told(office: Office) -> None:
    cases = [office.start("CAB-RJ-305", "4") for _ in range(3)]
    tasks = [office.task_of(each) for each in cases]
    ines, gabriel = office.as_("ines"), office.as_("gabriel")
    page = ines.get("/inbox?q=cable").text
    assert page.count('name="task"') == 3
    assert ines.post("/inbox/bulk/claim", {"task": tasks[:2]}).headers["Location"] == "/inbox?view=mine"
    gabriel.get("/inbox")
    refused = gabriel.post("/inbox/bulk/claim", {"task": [*tasks, 999_999, "x"]})
    assert refused.status_code == 409
    told = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", refused.text)))
    assert "1 tâche est faite" in told
    assert "2 tâches ne sont pas faites" in told
    assert "Inès Moreau s’occupe de cette tâche" in told
    sent = ines.post("/inbox/bulk", {"task": tasks[:2]})
    address = sent.headers["Location"]
    assert "Vos réponses valent pour chacune de ces 2 tâches." in text_of(ines, address)
    assert ines.post("/inbox/bulk/form-state", {"task": tasks[:2], "decision": "refuse"}).status_code == 200
    bad = ines.post("/inbox/bulk/complete", {"task": tasks[:2], "decision": "refuse", "reason": ""})
    assert (bad.status_code, "decision" in bad.text) == (422, True)
    office.complete("ines", cases[0], decision="refuse", reason="Trop tard pour cette fois.")
    good = ines.post("/inbox/bulk/complete", {"task": tasks[:2], "decision": "refuse", "reason": "Trop tard."})
    assert good.status_code == 200
    assert "1 tâche est faite." in unescape(good.text)
    assert "1 tâche cochée n’est plus à faire par vous" in unescape(good.text)
    assert "Aucune tâche cochée" in text_of(ines, address)
    late = ines.post("/inbox/bulk/complete", {"task": tasks[:2], "decision": "refuse", "reason": "Trop <tard>."})
    assert late.status_code == 409
    told = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", late.text)))
    assert "Rien n’a été fait : aucune de ces tâches n’est plus à faire par vous." in told.replace("\u00a0", " ")
    assert re.search(r"Ce que vous avez saisi Décision Refuser .*Trop <tard>\.", told)
    assert ines.post("/inbox/bulk/form-state", {"task": tasks[:2], "decision": "refuse"}).status_code == 204
    camille = office.as_("camille")
    camille.get("/inbox")
    strange = camille.post("/inbox/bulk/complete", {"task": [999_999], "reason": "Trop tard."})
    assert (strange.status_code, "<dt>Réponse</dt><dd>Trop tard.</dd>" in strange.text) == (409, True)
    assert office.as_("camille").get(f"/inbox/bulk/complete?task={tasks[2]}").text.count(f"/tasks/{tasks[2]}") == 0


def test_answers_to_tasks_of_several_kinds_are_not_lost(office: Office) -> None:
    small = office.task_of(office.start("CAB-RJ-305", "4"))
    large = office.start("LAM-LED-11", "1000")
    office.complete("gabriel", large, decision="launch", supplier="OFFICE-NORD", unit_price="20")
    with office.runtime.database.transaction() as session:
        session.execute(text("UPDATE engine.task SET role = 'purchasing_admin' WHERE is_open"))
    gabriel = office.as_("gabriel")
    gabriel.get("/inbox")
    answers = {"task": [small, office.task_of(large)], "decision": "refuse", "reason": "Trop tard."}
    refused = gabriel.post("/inbox/bulk/complete", answers)
    assert refused.status_code == 409
    told = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", refused.text)))
    assert "elles ne posent pas les mêmes questions" in told
    assert re.search(r"Ce que vous avez saisi Décision Refuser .*Trop tard\.", told)
    assert refused.text.count("data-row") == 2


def test_a_task_tells_why_it_came_as_it_was_written_down(office: Office) -> None:
    task = office.task_of(office.start("CHA-ERG-02", "2"))
    page = text_of(office.as_("gabriel"), f"/tasks/{task}").replace("\u00a0", " ")
    assert "Elle s’adresse au rôle « Administration des achats », que vous avez. L’étape est dans le couloir «" in page
    assert re.search(r"Chemin suivi : Article en rupture.* → .* → Décider de la demande", page)
    assert re.search(r"Si personne ne répond, le \d+ \w+\.? 2026", page)
    office.as_("gabriel").post("/language/en")
    page = text_of(office.as_("gabriel"), f"/tasks/{task}")
    assert "If nobody answers, on" in page
    office.as_("gabriel").post("/language/fr")
