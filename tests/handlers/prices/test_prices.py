"""Price lists in the database: what they propose to whom, what is refused, what the history keeps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import event

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.handler import Actor
from engine.records import queries as recorded
from handlers.customers.commands import KIND as CUSTOMER
from handlers.prices import commands as p
from handlers.prices import queries
from tests.handlers.customers.test_commands import NOW, SARAH, add

MARC = Actor(login="marc", name="Marc", roles=frozenset({"sales_manager"}))


def begin(database: Database, code: str = "PRO", actor: Actor = MARC) -> None:
    given = p.AddPriceList(code=code, price_list=p.PriceListData(name=" Les  pros "))
    records.execute(database, p.add_list, given, actor, now=NOW)


def price(database: Database, code: str = "PRO", **prices: str | None) -> None:
    told = tuple(
        p.ArticlePrice(article=key, price=None if each is None else Decimal(each)) for key, each in prices.items()
    )
    records.execute(database, p.set_prices, p.SetPrices(code=code, prices=told), MARC, now=NOW)


def assign(database: Database, number: str, code: str, actor: Actor = MARC) -> None:
    records.execute(database, p.assign_list, p.AssignPriceList(number=number, code=code), actor, now=NOW)


def paid(database: Database, number: str) -> dict[str, Decimal]:
    with database.reading() as session:
        return queries.prices_for(session, number, ["LAM", "CAI", "NOTHING"])


def test_a_customer_pays_by_their_list_and_others_as_usual(company: Database) -> None:
    number, other = add(company), None
    begin(company)
    price(company, LAM="12.345678", CAI="0")
    assert paid(company, number) == {}
    assign(company, number, "PRO")
    assert paid(company, number) == {"LAM": Decimal("12.345678"), "CAI": Decimal(0)}
    price(company, CAI=None)
    assert paid(company, number) == {"LAM": Decimal("12.345678")}, (
        "an article without a price there costs what it usually does"
    )
    with company.reading() as session:
        found = queries.list_of(session, number)
        assert found is not None
        assert (found.code, found.data.name, found.prices, found.customers) == ("PRO", "Les pros", 1, 1)
        assert queries.price_lists(session) == (found,)
        assert queries.prices_in(session, "PRO", ["LAM", "CAI"]) == {"LAM": Decimal("12.345678")}
    begin(company, "OTHER")
    assign(company, number, "OTHER")
    assert paid(company, number) == {}
    assign(company, number, "")
    with company.reading() as session:
        assert queries.list_of(session, number) is other


def test_a_list_that_is_not_active_proposes_nothing(company: Database) -> None:
    number = add(company)
    begin(company)
    price(company, LAM="5")
    assign(company, number, "PRO")
    idle = p.ChangePriceList(code="PRO", price_list=p.PriceListData(name="Les pros", is_active=False))
    records.execute(company, p.change_list, idle, MARC, now=NOW)
    assert paid(company, number) == {}


def test_what_is_refused(company: Database) -> None:
    number = add(company)
    with pytest.raises(NotAllowed):
        begin(company, actor=SARAH)
    begin(company)
    with pytest.raises(NotAllowed):
        assign(company, number, "PRO", SARAH)  # whoever writes the quote does not choose what it costs
    for code, said in (("PRO", "price_list_code_taken"), ("pro list", "price_list_code_invalid")):
        with pytest.raises(InvalidInput) as taken:
            begin(company, code)
        assert [each.code for each in taken.value.fields] == [said]
    with pytest.raises(InvalidInput) as wrong:
        price(company, LAM="-1", CAI="0.0000001")
    assert {each.field for each in wrong.value.fields} == {"price LAM", "price CAI"}
    with pytest.raises(NotFound):
        price(company, NOTHING="1")
    with pytest.raises(NotFound):
        price(company, "NONE", LAM="1")
    with pytest.raises(NotFound):
        assign(company, "CL-2026-99999", "PRO")
    with pytest.raises(NotFound):
        assign(company, number, "NONE")
    nameless = p.ChangePriceList(code="PRO", price_list=p.PriceListData(name=" "))
    with pytest.raises(InvalidInput):
        records.execute(company, p.change_list, nameless, MARC, now=NOW)


def test_the_history_tells_old_and_new(company: Database) -> None:
    number = add(company)
    begin(company)
    price(company, LAM="5")
    price(company, LAM="6.50", CAI="1")
    assign(company, number, "PRO")
    with company.reading() as session:
        last = recorded.history(session, p.KIND, "PRO", limit=1)[0]
        chosen = recorded.history(session, CUSTOMER, number, limit=1)[0]
    assert {name: (each.old, each.new) for name, each in last.fields.items()} == {
        "price LAM": (Decimal("5.000000"), Decimal("6.50")),
        "price CAI": (None, Decimal(1)),
    }
    assert [(each.old, each.new) for each in chosen.fields.values()] == [("", "PRO")]


def test_many_prices_cost_as_many_statements_as_one(company: Database) -> None:
    begin(company)
    sent: list[str] = []
    event.listen(company.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    price(company, LAM="5")
    one = len(sent)
    sent.clear()
    price(company, LAM="6", CAI="7")
    assert len(sent) == one
