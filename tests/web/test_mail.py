"""The pages about mail: settings whose password nobody sees again, a test, letters."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from engine import clock
from engine.letter import Attachment, Letter, ToAddress, write
from engine.mail import outbox, restored, sealing, settings
from engine.worker import run_pending
from tests.crash.product import free_port
from tests.web.conftest import Office

SERVER = {
    "host": "smtp.prost.example",
    "port": "587",
    "security": "starttls",
    "login": "house",
    "password": "open sesame",
    "sender_name": "Menuiserie Prost",
    "sender_address": "bordereau@prost.example",
    "reply_to": "",
}


def go(office: Office) -> None:
    with office.runtime.database.transaction() as session:
        outbox.promote(session, clock.now())
    run_pending(office.runtime)


def put(office: Office, key: str) -> int:
    letter = Letter(
        key=key,
        kind="checkpoint",
        to=ToAddress(address="audit@cabinet.example"),
        locale="fr",
        subject="Scellement <b>12</b>",
        body="Bonjour & merci",
        attachment=Attachment(name="checkpoint-000012.json", content=b"{}\n"),
        held_until=clock.now().replace(year=2999),
    )
    with office.runtime.database.transaction() as session:
        return write(session, letter, clock.now(), "admin")[0]


def test_the_server_is_set_and_its_password_never_shown(office: Office) -> None:
    admin = office.as_("admin")
    assert "rien ne sort" in admin.get("/admin/mail").text
    refused = admin.post("/admin/mail/server", SERVER | {"host": "smtp .example", "port": "x"})
    assert refused.status_code == 422
    assert "sesame" not in refused.text
    assert 'value="smtp .example"' in refused.text
    assert admin.post("/admin/mail/server", SERVER).status_code == 303
    page = admin.get("/admin/mail").text
    assert "sesame" not in page
    assert "smtp.prost.example" in page
    assert "Un mot de passe est enregistré" in page
    assert "Mot de passe\u00a0: nouveau" in page
    with office.runtime.database.reading() as session:
        server = settings.find_server(session)
        said = session.execute(text("SELECT string_agg(record, '') FROM engine.record_event")).scalar_one()
    assert server is not None
    assert server.password is not None
    assert sealing.unseal("of this test", server.password) == "open sesame"
    assert "sesame" not in said
    # the same form again, without typing the password: it stays; from an old page: refused
    assert admin.post("/admin/mail/server", SERVER | {"password": "", "seen": "1", "port": "2525"}).status_code == 303
    stale = admin.post("/admin/mail/server", SERVER | {"password": "", "seen": "1"})
    assert (stale.status_code, "modifié" in stale.text) == (422, True)
    with office.runtime.database.reading() as session:
        kept = settings.find_server(session)
    assert kept is not None
    assert kept.password == server.password


def test_what_goes_when_is_set(office: Office) -> None:
    admin = office.as_("admin")
    plan = {
        "site": "https://bordereau.prost.example/",
        "digest_at": "07:30",
        "checkpoint_to": "a@b.example\r\nc@d.example",
    }
    assert admin.post("/admin/mail/plan", plan | {"digest_at": "25:00"}).status_code == 422
    refused = admin.post("/admin/mail/plan", plan | {"checkpoint_to": "nobody"})
    assert "Une adresse s’écrit" in refused.text
    assert admin.post("/admin/mail/plan", plan).status_code == 303
    with office.runtime.database.reading() as session:
        found = settings.find_plan(session)
    assert (found.site, found.checkpoint_to) == ("https://bordereau.prost.example", ("a@b.example", "c@d.example"))


def test_a_test_mail_shows_what_the_server_said(office: Office) -> None:
    admin = office.as_("admin")
    admin.get("/admin/mail")
    local = SERVER | {"host": "127.0.0.1", "port": str(free_port()), "security": "none", "login": "", "password": ""}
    assert admin.post("/admin/mail/server", local).status_code == 303
    assert admin.post("/admin/mail/test", {"address": "a@b.example\r\nBcc: c@d.example"}).status_code == 422
    sent = admin.post("/admin/mail/test", {"address": "anne@prost.example"})
    assert sent.status_code == 303
    moving = admin.get(sent.location).text
    assert 'hx-trigger="every 1s"' in moving
    go(office)
    page = admin.get(sent.location).text
    assert "hx-trigger" not in page
    assert "n’a pas répondu comme il faut" in page
    assert "Connection refused" in page


def test_a_letter_is_taken_back_before_it_goes(office: Office) -> None:
    admin = office.as_("admin")
    number = put(office, "one")
    listed = admin.get("/admin/letters?state=waiting").text
    assert "Scellement &lt;b&gt;12&lt;/b&gt;" in listed
    page = admin.get(f"/admin/letters/{number}").text
    assert "Bonjour &amp; merci" in page
    answer = admin.get(f"/admin/letters/{number}/attachment")
    assert (answer.data, answer.headers["Content-Disposition"]) == (
        b"{}\n",
        "attachment; filename=checkpoint-000012.json",
    )
    assert admin.post(f"/admin/letters/{number}/take-back").status_code == 303
    page = admin.get(f"/admin/letters/{number}").text
    assert "retiré" in page
    assert "Retirer un courriel" in page  # its history
    assert admin.post(f"/admin/letters/{number}/take-back").status_code == 409
    assert admin.post(f"/admin/letters/{number}/again").status_code == 409


def test_letters_to_an_address_are_found_and_erased(office: Office) -> None:
    admin = office.as_("admin")
    number = put(office, "found")
    found = admin.get("/admin/letters?to=AUDIT@cab").text
    assert f'/admin/letters/{number}"' in found
    assert "audit@cabinet.example" not in admin.get("/admin/letters?to=nobody@").text
    asked = {"because": "demande du 3 mai"}
    assert admin.post(f"/admin/letters/{number}/erase", asked).status_code == 409  # it waits
    admin.post(f"/admin/letters/{number}/take-back")
    assert admin.post(f"/admin/letters/{number}/erase", {"because": " "}).status_code == 409
    assert office.as_("camille").post(f"/admin/letters/{number}/erase", asked).status_code == 403
    assert admin.post(f"/admin/letters/{number}/erase", asked).status_code == 303
    page = admin.get(f"/admin/letters/{number}").text
    assert "Son texte et son destinataire ont été effacés" in page
    assert "demande du 3 mai" in page
    assert "Bonjour" not in page
    assert "audit@cabinet.example" not in page
    assert admin.post(f"/admin/letters/{number}/erase", asked).status_code == 409


def test_after_a_restore_an_administrator_says_what_may_go(office: Office) -> None:
    admin = office.as_("admin")
    number = put(office, "waited")
    with office.runtime.database.transaction() as session:
        restored.enter(session, clock.now() - timedelta(days=1), "1.0", clock.now())
        found = restored.find_open(session)
    assert found is not None
    page = admin.get("/admin/letters").text
    assert "Une sauvegarde a été reprise" in page
    assert "1 courriel attendait déjà dans la sauvegarde" in page
    assert "/admin/letters?state=waiting" in admin.get("/operations").text
    assert "Un administrateur doit d’abord" in office.as_("olivia").get("/operations").text
    assert office.as_("camille").post(f"/admin/letters/restored/{found.id}/let-go").status_code == 403
    assert admin.post(f"/admin/letters/restored/{found.id}/drop").status_code == 303
    assert "a pu partir entre-temps" in admin.get(f"/admin/letters/{number}").text
    assert admin.post(f"/admin/letters/restored/{found.id}/let-go").status_code == 303
    assert "Les courriels repartent" in admin.get("/admin/letters").text
    assert "Une sauvegarde a été reprise" not in admin.get("/operations").text
    admin.post(f"/admin/letters/restored/{found.id}/let-go")
    assert "déjà laissé repartir" in admin.get("/admin/letters").text
