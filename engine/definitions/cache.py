"""Parsed bundles by content hash: one parse a process and machine, however many instances. Content never changes, so nothing goes stale."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from engine.model.bundle import Bundle

CAPACITY: Final = 128


class BundleCache:
    """The least recently used bundle leaves first. May be shared by threads; two of them may parse the same bundle once each."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._bundles: OrderedDict[str, Bundle] = OrderedDict()
        self._lock = Lock()

    def get(self, content_hash: str, read: Callable[[], Bundle]) -> Bundle:
        """The bundle of ``content_hash``; ``read`` makes it when it is not here."""
        with self._lock:
            found = self._bundles.get(content_hash)
            if found is not None:
                self._bundles.move_to_end(content_hash)
                return found
        made = read()
        with self._lock:
            self._bundles[content_hash] = made
            self._bundles.move_to_end(content_hash)
            while len(self._bundles) > self._capacity:
                self._bundles.popitem(last=False)
        return made
