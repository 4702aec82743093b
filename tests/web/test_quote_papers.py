"""The PDF of a quote: a draft on its page before it is sent, then what was sent, the same for us, for the customer and in the mail."""

from __future__ import annotations

import hashlib
import io

from pypdf import PdfReader
from sqlalchemy import text

from tests.web.conftest import Office
from tests.web.test_quote_links import sent
from tests.web.test_quotes import write


def words(content: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(content)).pages[0].extract_text().split())


def test_a_draft_says_so_and_holds_what_was_typed(office: Office) -> None:
    sarah = office.as_("sarah")
    number = write(sarah, subject="<b>Chêne</b> #gras")
    assert "PDF (brouillon)" in sarah.get(f"/quotes/{number}").text
    preview = sarah.get(f"/quotes/{number}/pdf")
    assert preview.mimetype == "application/pdf"
    for each in ("BROUILLON", number, "<b>Chêne</b> #gras", "Mobilier Comtois"):
        assert each in words(preview.data)
    assert sarah.get(f"/quotes/{number}/pdf?version=9").status_code == 404
    assert sarah.get("/quotes/DV-2026-99999/pdf").status_code == 404
    assert office.as_("bruno").get(f"/quotes/{number}/pdf").status_code == 403


def test_what_was_sent_is_one_file_for_everybody(office: Office) -> None:
    number, address = sent(office)
    sarah = office.as_("sarah")
    ours, theirs = sarah.get(f"/quotes/{number}/pdf"), office.nobody().get(f"{address}/pdf")
    assert ours.data == theirs.data
    assert "BROUILLON" not in words(ours.data)
    assert f"filename*=UTF-8''Devis%20{number}.pdf" in theirs.headers["Content-Disposition"]
    asked = text(
        "SELECT attachment_name, attachment FROM engine.letter WHERE business_key = :number AND attachment IS NOT NULL"
    )
    with office.runtime.database.reading() as session:
        name, attached = session.execute(asked, {"number": number}).one()
    assert (name, bytes(attached)) == (f"Devis {number}.pdf", ours.data)
    page = sarah.get(f"/quotes/{number}").text
    assert hashlib.sha256(ours.data).hexdigest() in page
    assert "PDF (brouillon)" not in page
