"""The address of a quote: nobody makes one, changes one, or uses that of another version."""

from __future__ import annotations

import pytest

from handlers.sales import links


def test_a_token_names_its_version_and_is_signed_with_its_key() -> None:
    key, other = links.new_key(), links.new_key()
    token = links.token("DV-2026-00001", 2, key)
    assert links.named(token) == ("DV-2026-00001", 2)
    assert links.is_genuine(token, key)
    assert not links.is_genuine(token, other)
    forged = links.token("DV-2026-00002", 2, other)
    assert not links.is_genuine(forged.split(".", maxsplit=1)[0] + token[token.index(".") :], key)
    claimed, _, signature = token.rpartition(".")
    assert not links.is_genuine(f"{claimed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}", key)


@pytest.mark.parametrize(
    "typed", ["", ".", "x.y", "é", "W10.x", "WzEsMl0.x", "W10", "\udcff", "x" * 5_000, ".eJw" + "A" * 90]
)
def test_what_is_no_token_names_nothing(typed: str) -> None:
    assert links.named(typed) is None
    assert not links.is_genuine(typed, links.new_key())
