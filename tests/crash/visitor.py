"""A person with a browser that does not give up: asks again when the answer was lost, as people do with F5."""

from __future__ import annotations

import html
import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_KEY = re.compile(r'name="_key" value="([^"]+)"')
_LOST = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


@dataclass(frozen=True)
class Page:
    """What came back: where it ended, how, and the text."""

    status: int
    address: str
    text: str

    @property
    def csrf(self) -> str:
        """The token of its forms."""
        found = _TOKEN.search(self.text)
        assert found is not None, f"no form on {self.address}: {self.status}"
        return html.unescape(found[1])

    @property
    def key(self) -> str:
        """What makes two submissions of its form one."""
        found = _KEY.search(self.text)
        assert found is not None, f"no submission key on {self.address}"
        return html.unescape(found[1])


class Visitor:
    """One person in one session."""

    def __init__(self, address: str, *, patience: float = 60.0) -> None:
        self._address = address
        self._patience = patience
        self.faults: list[int] = []
        """The statuses from 500 on that came before an answer."""
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> Page:
        """The page at ``path``, asked for until a server answers."""
        return self._ask(path, None)

    def post(self, path: str, fields: dict[str, str]) -> Page:
        """Send a form, again and again until an answer comes: it may happen twice, so it must be safe to."""
        return self._ask(path, urllib.parse.urlencode(fields).encode())

    def sign_in(self, login: str) -> None:
        """Sign in as a person of the demonstration."""
        page = self.get("/sign-in")
        answer = self.post("/sign-in", {"csrf_token": page.csrf, "login": login, "password": "demo", "next": ""})
        assert answer.address.endswith("/inbox"), f"{login} could not sign in: {answer.status} {answer.address}"

    def _ask(self, path: str, content: bytes | None) -> Page:
        end = time.monotonic() + self._patience
        while True:
            try:
                request = urllib.request.Request(self._address + path, data=content, headers={"Accept": "text/html"})
                try:
                    answer = self._opener.open(request, timeout=20)
                except urllib.error.HTTPError as refused:
                    answer = refused
                with answer:
                    page = Page(answer.status or 0, answer.url, answer.read().decode())
                if page.status < 500:
                    return page
                self.faults.append(page.status)
                lost: object = page
            except _LOST as error:
                lost = error
            assert time.monotonic() < end, f"no answer for {path}: {lost}"
            time.sleep(0.1)
