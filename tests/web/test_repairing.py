"""An operator repairs a case in the browser: choose, see what would come of it, say why, do it; others may not even look."""

from __future__ import annotations

import html
import re

from engine.handler import SYSTEM
from engine.instances import commands
from engine.worker import run_pending
from handlers.table import HANDLERS
from tests.engine.instances.drawing import drawing, el, keyed, message, plain, write
from tests.publishing import publish_unexamined
from tests.web.conftest import Office

WHY = "Doublon <b>annulé</b>"


def links(page: str, path: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(rf'href="([^"]*{path}[^"]*)"', page)]


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found if name != "csrf_token"}


def test_work_is_moved_after_a_look_at_what_would_happen(office: Office) -> None:
    case = office.start()
    olivia = office.as_("olivia")
    assert f"/cases/{case}/repair" in olivia.get(f"/cases/{case}").text
    overview = olivia.get(f"/cases/{case}/repair").text
    (place,) = links(overview, "repair/place")
    chosen = olivia.get(place).text
    ends = links(chosen, "act=move")
    assert len(ends) > 3
    seen = olivia.get(ends[-1]).text
    assert "est retirée de la boîte de réception" in seen
    form = hidden(seen) | {"next": ""}  # of the language, not of the act
    for reason, sentence in ((" ", "Dites pourquoi"), ("<" * 501, "La raison dépasse 500 caractères")):
        refused = olivia.post(f"/cases/{case}/repair", form | {"reason": reason})
        assert refused.status_code == 422
        assert f'value="{html.escape(reason)}" ' in refused.text
        assert f'<p class="invalid-feedback d-block">{sentence}' in refused.text
        assert "est retirée de la boîte de réception" in refused.text
        assert hidden(refused.text) | {"next": ""} == form
    assert olivia.post(f"/cases/{case}/repair", form | {"reason": WHY, "revision": "77"}).status_code == 409
    assert olivia.post(f"/cases/{case}/repair", form | {"reason": WHY}).status_code == 303
    after = olivia.get(f"/cases/{case}").text
    assert "Doublon &lt;b&gt;annulé&lt;/b&gt;" in after
    assert "Travail déplacé de" in after
    assert olivia.post(f"/cases/{case}/repair", form | {"reason": WHY}).status_code == 409


def test_a_step_is_skipped(office: Office) -> None:
    case = office.start()
    olivia = office.as_("olivia")
    (place,) = links(olivia.get(f"/cases/{case}/repair").text, "repair/place")
    skips = links(olivia.get(place).text, "act=skip")
    answer = olivia.get(skips[0])
    if answer.status_code == 409:  # what follows depends on an answer that nobody has given
        assert "condition" in answer.text
    else:
        assert olivia.post(f"/cases/{case}/repair", hidden(answer.text) | {"reason": WHY}).status_code == 303


def test_a_variable_is_edited_and_what_is_no_value_is_said_beside_it(office: Office) -> None:
    case = office.start()
    olivia = office.as_("olivia")
    overview = olivia.get(f"/cases/{case}/repair").text
    new = next(each for each in links(overview, "repair/variable") if "name=" not in each)
    form = hidden(olivia.get(new).text)
    wrong = {"name": "a b", "kind": "literal", "value": "hello", "reason": ""}
    refused = olivia.post(f"/cases/{case}/repair/variable", form | wrong)
    assert refused.status_code == 422
    assert "Un nom de variable est un mot" in refused.text
    refused = olivia.post(f"/cases/{case}/repair/variable", form | wrong | {"name": "extra"})
    assert "une valeur" in refused.text
    assert ">hello</textarea>" in refused.text
    given = {"name": "extra", "kind": "literal", "value": '{"a": [1, date("2026-11-30")]}', "reason": WHY}
    assert olivia.post(f"/cases/{case}/repair/variable", form | given).status_code == 303
    edited = olivia.get(f"/cases/{case}/repair").text
    assert "<code>extra</code>" in edited or ">extra<" in edited
    (known,) = [each for each in links(edited, "repair/variable") if "name=extra" in each]
    form = hidden(olivia.get(known).text)
    script = {"kind": "text", "value": "<script>alert(1)</script>", "reason": WHY}
    assert olivia.post(f"/cases/{case}/repair/variable", form | script).status_code == 303
    assert "<script>alert" not in olivia.get(f"/cases/{case}/repair").text
    told = olivia.get(f"/cases/{case}").text
    assert "modifiée : Doublon" in told.replace("\xa0", " ").replace("\u202f", " ")
    assert "&lt;script&gt;alert(1)" in told


def test_who_may_not_and_what_is_not_there(office: Office) -> None:
    case = office.start()
    for login in ("gabriel", "camille", "aurelien"):
        browser = office.as_(login)
        browser.get("/cases")
        for address in ("", "/place?at=a1", "/confirm?at=a1&act=skip", "/variable?scope=s1"):
            assert browser.get(f"/cases/{case}/repair{address}").status_code == 403
        for address in ("", "/variable"):
            assert browser.post(f"/cases/{case}/repair{address}", {"act": "skip", "at": "a1"}).status_code == 403
        assert f"/cases/{case}/repair" not in browser.get(f"/cases/{case}").text
    olivia = office.as_("olivia")
    olivia.get("/cases")
    hostile = ("a999", "", "s1:nothing", "w1", "a1:b:c", "'; --", "é" * 300, "a" * 3000)
    for at in hostile:
        assert olivia.get(f"/cases/{case}/repair/place", query_string={"at": at}).status_code == 404
        assert olivia.get(f"/cases/{case}/repair/confirm", query_string={"at": at, "act": "skip"}).status_code == 404
        refused = olivia.post(f"/cases/{case}/repair", {"act": "skip", "at": at, "reason": WHY})
        assert refused.status_code in (404, 409)
        assert olivia.get(f"/cases/{case}/repair/variable", query_string={"scope": at}).status_code == 404
    assert olivia.post(f"/cases/{case}/repair", {"act": "cancel", "at": "a1", "reason": WHY}).status_code == 404
    assert olivia.get("/cases/999999/repair").status_code == 404


def test_many_cases_are_repaired_at_once_with_a_result_each(office: Office) -> None:
    cases = [office.start() for _ in range(3)]
    olivia = office.as_("olivia")
    assert "/operations/cases/repair" in olivia.get("/cases").text
    olivia.post(f"/cases/{cases[2]}/operate", {"act": "cancel", "reason": WHY})
    page = olivia.post("/operations/cases/repair", {"target": [str(each) for each in cases]}).text
    fields = re.search(r'<select[^>]* id="move-from".*?</select>.*?</select>', page, re.DOTALL)
    assert fields is not None
    values = re.findall(r'<option value="([^"]+)"', fields.group(0))
    assert values
    chosen = {"target": [str(each) for each in cases[:2]], "act": "move", "from": values[0], "to": values[-1]}
    refused = olivia.post("/operations/cases/repair/ask", chosen | {"to": "nowhere", "reason": WHY})
    assert refused.status_code == 422
    refused = olivia.post("/operations/cases/repair/ask", chosen | {"reason": "x" * 501})
    assert refused.status_code == 422
    assert f'value="{"x" * 501}"' in refused.text
    assert '<p class="invalid-feedback d-block">La raison dépasse 500 caractères' in refused.text
    asked = olivia.post("/operations/cases/repair/ask", chosen | {"reason": WHY})
    assert asked.status_code == 303
    run_pending(office.runtime)
    told = olivia.get(asked.location).text
    assert "Déplacer" in told
    assert told.count("bd-status--completed") + told.count("bd-status--failed") == 2
    edit = {"target": [str(each) for each in cases], "act": "edit", "name": "extra", "kind": "literal", "value": "12.5"}
    assert olivia.post("/operations/cases/repair/ask", edit | {"value": "a b", "reason": WHY}).status_code == 422
    attacks: tuple[dict[str, list[str]], ...] = (
        {"target": []},
        {"target": ["999999"]},
        {"target": ["x", "-1"]},
        {"target": ["1"] * 201},
    )
    for hostile in attacks:
        assert olivia.post("/operations/cases/repair", hostile).status_code == 422
    assert olivia.post("/operations/cases/repair/ask", chosen | {"act": "cancel"}).status_code in (404, 422)
    gabriel = office.as_("gabriel")
    gabriel.get("/cases")
    for address in ("", "/ask"):
        assert gabriel.post(f"/operations/cases/repair{address}", chosen).status_code == 403


def test_the_page_says_which_wait_keeps_the_key_that_a_variable_gave_it(office: Office) -> None:
    described = b"key: keyed\ntitle: {fr: Essai, en: Trial}\nprocess: keyed\nstart: {roles: [purchasing_admin]}\n"
    money = el("intermediateCatchEvent", "money", message("m"))
    kept = plain("keyed", write("note", "order", '"K-1"'), money, flows="start -> note -> money -> end")
    files = {"process.yaml": described, "keyed.bpmn": drawing(keyed("m", "paid", "order"), kept)}
    publish_unexamined(office.runtime.database, SYSTEM, files, HANDLERS)
    case = commands.start_instance(office.runtime, office.actor("gabriel"), "keyed").instance_id
    olivia = office.as_("olivia")
    (known,) = [
        each for each in links(olivia.get(f"/cases/{case}/repair").text, "repair/variable") if "name=order" in each
    ]
    page = olivia.get(known).text
    said = "« money » attend déjà, avec la clé « K-1 », et la garde"
    assert said in html.unescape(page).replace("\xa0", " ")
    given = hidden(page) | {"kind": "text", "value": "K-2", "reason": WHY}
    answer = olivia.post(f"/cases/{case}/repair/variable", given)
    assert answer.status_code == 303
    assert said in html.unescape(olivia.get(answer.location).text).replace("\xa0", " ")
