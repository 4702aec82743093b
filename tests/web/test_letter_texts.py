"""The pages on which a company words its letters to customers."""

from __future__ import annotations

from tests.web.conftest import Office

LETTERS = "/admin/company/letters"


def test_a_letter_is_worded_read_as_an_example_and_given_back(office: Office) -> None:
    marc = office.as_("marc")
    assert "Mise en demeure" in marc.get(LETTERS).text
    page = marc.get(f"{LETTERS}/delivery_sent/fr").text
    assert "texte d’origine" in page
    assert "{tracking}" in page
    assert "Jura Express" in page, "the example"
    typed = {"subject": "Parti : {delivery}", "body": "Bonjour <b>,\n{carrier} vous livre."}
    assert marc.post(f"{LETTERS}/delivery_sent/fr", typed).status_code == 303
    page = marc.get(f"{LETTERS}/delivery_sent/fr").text
    assert "Bonjour &lt;b&gt;,<br>Jura Express vous livre." in page
    assert "votre texte" in page
    assert "texte d’origine" in marc.get(f"{LETTERS}/delivery_sent/en").text
    assert marc.post(f"{LETTERS}/delivery_sent/fr/restore").status_code == 303
    assert "votre texte" not in marc.get(f"{LETTERS}/delivery_sent/fr").text


def test_what_was_typed_stays_when_it_is_refused(office: Office) -> None:
    marc = office.as_("marc")
    marc.get(LETTERS)
    page = marc.post(f"{LETTERS}/quote_sent/fr", {"subject": "Devis {prix}", "body": "Gardez ceci {link}"})
    assert page.status_code == 422
    assert 'value="Devis {prix}"' in page.text
    assert "Gardez ceci {link}" in page.text
    assert "Cet e-mail ne connaît pas « {prix} »".replace(" »", "\N{NO-BREAK SPACE}»") in page.text.replace(
        "«\N{NO-BREAK SPACE}", "« "
    )


def test_only_few_word_letters(office: Office) -> None:
    sarah = office.as_("sarah")
    sarah.get("/customers")
    assert sarah.get(LETTERS).status_code == 403
    assert sarah.post(f"{LETTERS}/quote_sent/fr", {"subject": "x", "body": "{link}"}).status_code == 403
    assert "E-mails aux clients" in office.as_("marc").get("/customers").text
