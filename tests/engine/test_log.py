from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from engine import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_entries_carry_the_ids_of_what_is_going_on(stream: io.StringIO) -> None:
    log.configure("web", style="json", stream=stream)
    with log.context(request="r1", instance=42, job=None):
        log.get("engine.x").info("step_done", events=7)
        logging.getLogger("a.library").warning("slow: %s", "very")
    log.get("engine.x").info("after")
    step, library, after = entries(stream)
    assert step | {"request": "r1", "instance": 42, "events": 7, "process": "web", "level": "info"} == step
    assert library | {"request": "r1", "instance": 42, "event": "slow: very", "logger": "a.library"} == library
    assert "job" not in step
    assert "request" not in after


def test_secrets_and_people_do_not_get_in(stream: io.StringIO) -> None:
    log.configure("web", style="json", stream=stream)
    log.get("x").info("sign_in", password="hush", session_token="hush", to_email="camille@example.fr")
    log.get("x").info("mail to camille@example.fr over postgresql://me:hush@machine/base")
    try:
        raise ValueError("no such person: camille@example.fr")
    except ValueError:
        log.get("x").exception("failed")
    written = stream.getvalue()
    assert "hush" not in written
    assert "camille" not in written
    assert "postgresql://me:[hidden]@machine/base" in written
    assert "no such person" in written


def test_text_is_one_line_of_words(stream: io.StringIO) -> None:
    log.configure("worker", stream=stream, level="warning")
    log.get("x").info("not shown")
    log.get("x").warning("two\nlines", count=2)
    (line,) = stream.getvalue().splitlines()
    assert "level=warning process=worker" in line
    assert "count=2" in line


@pytest.mark.parametrize("style", ["text", "json"])
def test_what_strangers_wrote_forges_nothing(stream: io.StringIO, style: Literal["text", "json"]) -> None:
    log.configure("web", style=style, stream=stream)
    log.get("x").warning("report", said='a\r\nat=1 level=error\x1b[2J\x00\x9b\u2028\u202e"é', path="/\t\r")
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert not [each for each in written[:-1] if not each.isprintable()]
    assert "é" in written
