"""How lists of documents read what an address asks, whatever it says."""

from __future__ import annotations

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from web.asked import Asked


@given(st.dictionaries(st.sampled_from(["q", "shown", "customer", "after"]), st.text() | st.integers().map(str)))
def test_any_address_is_read(given_: dict[str, str]) -> None:
    found = Asked.of(given_)
    assert len(found.q) <= 100
    assert len(found.customer) <= 40
    assert found.after is None or 0 <= found.after < 2**63


def test_a_number_is_cut_to_what_an_id_can_be() -> None:
    assert Asked.of({"after": "7" * 5_000}).after == 2**63 - 1
    assert Asked.of({"after": "12"}).after == 12
    assert [Asked.of({"after": each}).after for each in ("", "x", "-1", "²")] == [None] * 4


def test_the_next_page_asks_the_same() -> None:
    app = Flask("lists")
    app.add_url_rule("/things", "things")
    with app.test_request_context():
        first = Asked.of({"q": "a b", "shown": "open"}).pager("things", 51)
        assert (first.previous, first.next) == (None, "/things?after=51&q=a+b&shown=open")
        last = Asked.of({"customer": "C-1", "after": "51"}).pager("things", None)
        assert (last.previous, last.next) == ("/things?customer=C-1", None)
