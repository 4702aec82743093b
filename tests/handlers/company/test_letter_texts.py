"""How the company words its letters to customers: what is filled, what is refused, and that its words are what goes out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.handler import Actor
from engine.records import queries as recorded
from engine.texts import LOCALES, catalogue, has
from handlers.base import letter_rules as rules
from handlers.base.letters import worded
from handlers.company import letter_texts as c

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MARC = Actor(login="marc", name="Marc", roles=frozenset({"sales_manager"}))
SARAH = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
SENT = "mail.quote_sent"
OURS = {
    *(
        f"mail.delivery_{each}"
        for each in ("changed", "short", "late_warehouse", "late_purchasing_admin", "cancelled", "late")
    ),
    *(f"mail.request_{each}" for each in ("launched", "refused", "received", "incomplete", "waiting")),
    *(f"mail.invoice_{each}" for each in ("nothing_left", "order_over", "dropped", "waiting")),
    *(
        f"mail.order_{each}"
        for each in ("cancelled", "confirmation_waiting", "invoice_request_waiting", "invoice_waiting")
    ),
    *(f"mail.quote_{each}" for each in ("accepted", "refused", "change_asked", "expired", "waiting")),
    *("mail.test", "mail.checkpoint"),
}
"""Letters to our own people, which nobody rewords."""
FACTS = {name: f"<{name}>" for name in rules.names(SENT)}


def word(database: Database, subject: str, body: str, locale: str = "fr", actor: Actor = MARC) -> None:
    given_ = c.WordLetter(key=c.key_of(SENT, locale), subject=subject, body=body)
    records.execute(database, c.word_letter, given_, actor, now=NOW)


def read(database: Database, locale: str) -> tuple[str, str]:
    with database.reading() as session:
        return worded(session, SENT, locale, FACTS)


@pytest.mark.parametrize("code", rules.LETTERS)
@pytest.mark.parametrize("locale", LOCALES)
def test_the_ordinary_text_of_each_letter_is_sound_and_reads_the_same_when_it_is_kept(code: str, locale: str) -> None:
    subject, body = rules.ordinary(code, locale)
    assert rules.problems(code, *rules.tidied(subject, body)) == []
    assert "{" in subject + body
    assert "{" not in rules.filled(subject + body, dict.fromkeys(rules.names(code), "x"))
    assert has(f"web.letter_texts.{code}")
    for name in rules.names(code):
        assert has(f"web.letter_texts.fact.{name}")
        assert has(f"web.letter_texts.example.{name}")


def test_every_letter_is_for_customers_or_for_our_own_people() -> None:
    """A new letter is put on one of the two lists."""
    letters = {
        code.removesuffix(".subject") for code in catalogue() if code.startswith("mail.") and code.endswith(".subject")
    }
    assert letters - set(rules.LETTERS) == OURS
    assert set(rules.LETTERS) <= letters


@given(st.text())
def test_what_people_write_means_nothing_but_its_facts(text: str) -> None:
    filled = rules.filled(text, {})
    assert rules.filled(filled, {"quote": "DV"}).count("DV") <= filled.count("{quote}") + filled.count("DV")
    for hostile in ("{quote.__class__}", "{quote!r}", "{0}", "{quote:>99999999}", "{{quote"):
        assert rules.filled(text + hostile, {"quote": "x"}).endswith(hostile)


@pytest.mark.parametrize(
    ("subject", "body", "field", "code"),
    [
        ("", "Voici {link}", "subject", "letter_text_missing"),
        ("Devis", " \n ", "body", "letter_text_missing"),
        ("x" * 201, "{link}", "subject", "text_too_long"),
        ("Devis", "{link}" + "x" * 5000, "body", "text_too_long"),
        ("Devis {iban}", "{link}", "subject", "letter_fact_unknown"),
        ("Devis", "Bonjour", "body", "letter_fact_missing"),
    ],
)
def test_what_is_wrong_is_said(subject: str, body: str, field: str, code: str) -> None:
    found = rules.problems(SENT, *rules.tidied(subject, body))
    assert [(each.field, each.code) for each in found] == [(field, code)]


def test_the_company_s_words_go_out_in_their_language_and_the_original_ones_come_back(database: Database) -> None:
    original = read(database, "fr")
    with pytest.raises(NotAllowed):
        word(database, "Devis", "{link}", actor=SARAH)
    word(database, " Notre  devis {quote} ", "Bonjour,\r\n\r\nlisez {link}  \r\n")
    assert read(database, "fr-FR") == ("Notre devis <quote>", "Bonjour,\n\nlisez <link>")
    assert read(database, "en") != read(database, "fr")
    word(database, "Devis {quote}", "Voyez {link}")
    with database.reading() as session:
        assert c.own_texts(session) == {(SENT, "fr"): ("Devis {quote}", "Voyez {link}")}
        last = recorded.history(session, c.KIND, c.key_of(SENT, "fr"), limit=1)[0]
    assert last.fields["body"].old == "Bonjour,\n\nlisez {link}"
    back = c.UnwordLetter(key=c.key_of(SENT, "fr"))
    for _ in range(2):
        records.execute(database, c.unword_letter, back, MARC, now=NOW)
        assert read(database, "fr") == original


def test_letters_to_our_own_people_are_worded_by_the_product(database: Database) -> None:
    for key in ("mail.quote_waiting/fr", f"{SENT}/de", "nonsense"):
        with pytest.raises(NotFound):
            records.execute(database, c.word_letter, c.WordLetter(key=key, subject="x", body="x"), MARC, now=NOW)
    with pytest.raises(InvalidInput):
        word(database, "", "")
