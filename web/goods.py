"""What the processes are told of goods that somebody can have now who lacks them: the process ``allotment`` begins with it."""

from __future__ import annotations

from collections.abc import Iterable

from engine.instances.telling import News
from engine.records import Recorded


def came(articles: Iterable[str]) -> list[News]:
    """One message for each article, by its reference."""
    return [News(name="goods_received", key=each, payload={"article": each}) for each in sorted(set(articles))]


def lacked(done: Recorded) -> list[News]:
    """The same of a command of the stock, whose answer are the articles that some delivery lacks."""
    return came(done.answer)
