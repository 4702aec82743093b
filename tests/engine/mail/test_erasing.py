"""Erasing letters: to an address, whoever asked for it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from engine import clock, records
from engine.errors import InvalidInput, WrongState
from engine.handler import SYSTEM
from engine.instances.runtime import Runtime
from engine.letter import ToAddress
from engine.mail import outbox
from engine.mail.commands import EraseLetters, erase_letters
from tests.engine.mail.test_sending import letter, put, runtime, seen

__all__ = ["runtime"]


def test_what_letters_to_an_address_said_goes_and_that_they_went_stays(runtime: Runtime) -> None:
    (first,), (second,), (other,), (waits,) = (
        put(runtime, letter(key, to=ToAddress(address=address)))
        for key, address in (
            ("a", "zoe@ici.example"),
            ("b", "Zoe@Ici.example"),
            ("c", "bo@ici.example"),
            ("d", "zoe@ici.example"),
        )
    )
    with runtime.database.transaction() as session:
        for each in (first, second, other):
            outbox.sent(session, each, "smtp", "250 <zoe@ici.example> taken", clock.now())
    with pytest.raises(InvalidInput):
        records.execute(runtime.database, erase_letters, EraseLetters(letter=first, because=" "), SYSTEM)
    with pytest.raises(WrongState, match="letter_not_ended"):
        records.execute(runtime.database, erase_letters, EraseLetters(letter=waits, because="asked"), SYSTEM)
    done = records.execute(runtime.database, erase_letters, EraseLetters(letter=first, because="asked"), SYSTEM)
    assert done.answer == 2
    for each in (first, second):
        gone = seen(runtime, each)
        assert (gone.to_address, gone.to_name, gone.subject, gone.body, gone.said) == ("", "", "", None, None)
        assert (gone.state, gone.way, gone.code) == ("sent", "smtp", "letter_erased")
    assert [seen(runtime, each).to_address for each in (other, waits)] == ["bo@ici.example", "zoe@ici.example"]
    with runtime.database.reading() as session:
        told = session.scalars(text("SELECT record FROM engine.record_event")).all()
    assert "zoe" not in "".join(told).lower()
    with pytest.raises(WrongState, match="letter_erased_already"):
        records.execute(runtime.database, erase_letters, EraseLetters(letter=second, because="asked"), SYSTEM)
