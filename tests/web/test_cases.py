"""The list of cases: narrowed by a business field, as the inbox is."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from engine import clock
from engine.handler import SYSTEM
from engine.instances import commands, operators
from engine.jobs import incidents
from handlers.table import HANDLERS
from tests.engine.inbox.test_acts import statements
from tests.engine.instances.drawing import (
    drawing,
    el,
    extensions,
    keyed,
    message,
    plain,
    process,
    signal,
    signal_named,
    timer,
    user,
    write,
)
from tests.publishing import publish_unexamined
from tests.web.conftest import Browser, Office

QUANTITY = "number:replenishment:quantity"


def keys(browser: Browser, query: str) -> list[str]:
    page = browser.get(f"/cases?{query}")
    assert page.status_code == 200, query
    return re.findall(r'<a class="bd-key" href="/cases/(\d+)"', page.text)


def test_cases_are_narrowed_by_a_field(office: Office) -> None:
    few, many = office.start("LAM-LED-11", "7001"), office.start("LAM-LED-11", "7500")
    camille = office.as_("camille")
    page = camille.get("/cases").text
    assert f'<option value="{QUANTITY}">Quantité</option>' in page
    assert 'name="from"' not in page
    for asked, found in (
        ("from=7001&to=7 400,5", [few]),
        ("from=7 400,5&to=8000", [many]),
        ("from=7001&to=8000", [many, few]),
        ("from=7001&to=8000&status=active", [many, few]),
        ("from=7001&to=8000&status=completed", []),
        ("from=7001&to=8000&process=replenishment", [many, few]),
        ("from=9000", []),
    ):
        assert keys(camille, f"field={QUANTITY}&{asked}") == [str(each) for each in found], asked
    assert str(few) in keys(camille, "field=text:replenishment:request_number&from=da-")
    page = camille.get(f"/cases?field={QUANTITY}&from=7001&to=8000").text
    assert 'inputmode="decimal"' in page
    assert 'value="7001"' in unescape(page).replace("\u202f", "")


def test_what_nobody_can_read_narrows_nothing_and_is_kept(office: Office) -> None:
    case = office.start("LAM-LED-11", "2")
    camille = office.as_("camille")
    page = camille.get(f"/cases?field={QUANTITY}&from=beaucoup").text
    assert "field-from-problem" in page
    assert 'value="beaucoup"' in page
    assert f'href="/cases/{case}"' in page
    for hostile in ("x", "number:", "number::x", "boolean:a:b", "text:a:" + "x" * 300):
        assert 'name="from"' not in camille.get(f"/cases?field={hostile}&from=1").text, hostile
    assert keys(camille, "field=text:replenishment:x') OR true --&from=a") == []
    assert keys(office.as_("zoe"), f"field={QUANTITY}&from=1") == []


def test_pages_keep_what_narrows(office: Office) -> None:
    for _ in range(51):
        office.start("LAM-LED-11", "6000")
    camille = office.as_("camille")
    query = f"field={QUANTITY}&from=6000&to=6000"
    first = keys(camille, query)
    following = re.search(r'rel="next" href="/cases\?([^"]+)"', camille.get(f"/cases?{query}").text)
    assert following is not None
    second = keys(camille, unescape(following[1]))
    assert len(first) == 50
    assert second
    assert not set(first) & set(second)


MONEY = el("intermediateCatchEvent", "money", message("m"))
PAUSE = el("intermediateCatchEvent", "pause", timer("timeDuration", "P3D"))
KEY = write("note", "order", '"K-1"')
WAITS = {
    "lasting": (PAUSE, "start -> pause -> end"),
    "paid": (MONEY, "start -> note -> money -> end"),
    "stormy": (el("intermediateCatchEvent", "weather", signal("storm")), "start -> weather -> end"),
    "either": (MONEY + PAUSE + el("eventBasedGateway", "first"), "start -> note -> first -> money -> end\nfirst -> pause -> end"),
    "caller": (el("callActivity", "ask_for_it", extensions('<zeebe:calledElement processId="inner" />')), "start -> ask_for_it -> end"),
}  # fmt: skip


def begin_waiting(office: Office, key: str) -> int:
    return commands.start_instance(office.runtime, office.actor("gabriel"), key).instance_id


def row_of(page: str, case: int) -> str:
    """What the list says of what a case waits for."""
    found = re.search(rf'href="/cases/{case}" data-row>.*?<td data-label="En attente de">(.*?)</td>', page, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", " | ", unescape(found[1])).replace("\u00a0", " ").replace("\u202f", " ")


def test_the_list_says_what_a_case_waits_for_that_waits_for_nobody(office: Office) -> None:
    for name, (inside, flows) in WAITS.items():
        described = (
            f"key: {name}\ntitle: {{fr: {name}, en: {name}}}\nprocess: {name}\nstart: {{roles: [purchasing_admin]}}\n"
        )
        noted = KEY if "note" in flows else ""
        drawn = drawing(keyed("m", "paid", "order"), signal_named("storm"), plain(name, inside + noted, flows=flows))
        files = {"process.yaml": described.encode(), f"{name}.bpmn": drawn}
        if name == "caller":
            inner = (el("startEvent", "begin"), user("do_it", role="purchasing_manager"), el("endEvent", "over"))
            files["inner.bpmn"] = drawing(process("inner", *inner, flows="begin -> do_it -> over"))
        publish_unexamined(office.runtime.database, SYSTEM, files, HANDLERS)
    cases = {each: begin_waiting(office, each) for each in WAITS}
    admin, gabriel = office.as_("admin"), office.as_("gabriel")
    page = gabriel.get("/cases").text
    assert re.fullmatch(r"pause \| jusqu’au .+ \| ", row_of(page, cases["lasting"]))
    assert row_of(page, cases["paid"]) == "money | le message « paid » | "
    assert row_of(page, cases["stormy"]) == "weather | le signal « storm » | "
    assert row_of(page, cases["either"]).startswith("money, pause | le message « paid », jusqu’au ")
    assert row_of(page, cases["caller"]) == "De la fin du dossier appelé par « ask for it »."
    assert row_of(admin.get("/cases").text, cases["paid"]) == "money | le message « paid », clé « K-1 » | "
    operators.operate(office.runtime, office.actor("admin"), "cancel", cases["stormy"], "Essai")
    assert row_of(gabriel.get("/cases").text, cases["stormy"]) == "–"


def test_the_list_costs_as_many_statements_whatever_its_cases_wait_for(office: Office) -> None:
    gabriel, counts = office.as_("gabriel"), []
    for _ in range(2):
        for name in WAITS:
            begin_waiting(office, name)
        gabriel.get("/cases")
        with statements(office.runtime) as seen:
            gabriel.get("/cases")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_moment_that_has_come_is_not_said_to_be_waited_for(office: Office) -> None:
    """While the job of the timer runs a handler that fails, again and again, the case stands where it was."""
    soon = el("intermediateCatchEvent", "delay", timer("timeDuration", "PT1M"))
    described = b"key: soon\ntitle: {fr: soon, en: soon}\nprocess: soon\nstart: {roles: [purchasing_admin]}\n"
    drawn = drawing(plain("soon", soon, flows="start -> delay -> end"))
    publish_unexamined(office.runtime.database, SYSTEM, {"process.yaml": described, "soon.bpmn": drawn}, HANDLERS)
    with clock.frozen(clock.now() - timedelta(hours=1)):
        case = begin_waiting(office, "soon")
    gabriel = office.as_("gabriel")
    tried = re.compile(r"le moment est venu \(.+\)\s: Bordereau essaie de continuer")
    assert tried.search(row_of(gabriel.get("/cases").text, case))
    page = unescape(gabriel.get(f"/cases/{case}").text)
    assert tried.search(page)
    assert ">jusqu’au" not in page
    arguments = {"instance_id": case, "wait": "w1"}
    with office.runtime.database.transaction() as session:
        incidents.raise_for_job(session, "fire_timer", arguments, code="job_gave_up", facts={}, now=clock.now())
    page = unescape(gabriel.get(f"/cases/{case}").text)
    assert "le moment est venu (" in page
    assert not tried.search(page)
