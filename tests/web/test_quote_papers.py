"""The PDF of a quote on its page: a draft before it is sent, then what was sent, byte for byte."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

from pypdf import PdfReader

from engine import clock, records
from engine.handler import SYSTEM
from handlers.customers.queries import customers_page
from handlers.sales.commands import AddQuote, add_quote
from handlers.sales.printing import print_quote
from handlers.sales.types import Line, QuoteData
from tests.web.conftest import Office


def test_the_pdf_of_a_quote(office: Office) -> None:
    database, today = office.runtime.database, clock.now().date()
    with database.reading() as session:
        customer = customers_page(session, limit=1).customers[0].number
    offer = QuoteData(subject="<b>Chêne</b> #gras", valid_until=date(today.year + 1, 1, 1), locale="fr")
    line = Line(text="Bureau", quantity=Decimal(2), unit="pièce", unit_price=Decimal(690))
    given = AddQuote(customer=customer, quote=offer, lines=(line,), today=today)
    number = records.execute(database, add_quote, given, SYSTEM).answer
    sarah = office.as_("sarah")
    assert "PDF (brouillon)" in sarah.get(f"/quotes/{number}").text
    preview = sarah.get(f"/quotes/{number}/pdf")
    assert preview.mimetype == "application/pdf"
    words = " ".join(PdfReader(io.BytesIO(preview.data)).pages[0].extract_text().split())
    for each in ("BROUILLON", number, "<b>Chêne</b> #gras", "1 380,00", "Mobilier Comtois"):
        assert each in words
    with database.transaction() as session:
        kept = print_quote(session, number, 1, clock.now())
    assert kept is not None
    page = sarah.get(f"/quotes/{number}").text
    assert kept.hash in page
    assert "PDF (brouillon)" not in page
    one, other = (sarah.get(f"/quotes/{number}/pdf?version=1") for _ in range(2))
    assert one.data == other.data
    assert f"filename*=UTF-8''Devis%20{number}.pdf" in one.headers["Content-Disposition"]
    assert "BROUILLON" not in PdfReader(io.BytesIO(one.data)).pages[0].extract_text()
    assert sarah.get(f"/quotes/{number}/pdf?version=9").status_code == 404
    assert sarah.get("/quotes/DV-2026-99999/pdf").status_code == 404
    bruno = office.as_("bruno")
    assert bruno.get(f"/quotes/{number}/pdf").status_code == 403
