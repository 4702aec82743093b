"""A real Chromium on the real application: web server and worker on a database of their own.

Without Chromium these tests are skipped and say why; with ``CI=true`` the run stops instead (exit code 4), because there they must run.
``clean_page`` is the page of nearly every test: it fails on any console error, page error, or report of the content policy.
Nothing here may use ``page.wait_for_function`` (the policy forbids eval) nor ``bypass_csp`` (it would test something else).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from tests.browser.running import Application, start
from tests.conftest import cloned

BROWSER_FIXTURES = {"page", "context", "browser", "clean_page"}
CHROMIUM = os.environ.get("BORDEREAU_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
# Each context opens a window, whose address bar loads two pages of its own: half the work of most tests. The option holds for the whole
# browser, so what Playwright disables is said again.
UNUSED_FEATURES = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
LAUNCH_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(UNUSED_FEATURES)}",
)
NO_CHROMIUM_EXIT = 4

# The default of five seconds is too short for a machine that has other work: a page that comes later is no fault of ours.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser; skip it with a reason, or stop in continuous integration, where there is none."""
    needing = [each for each in items if BROWSER_FIXTURES & set(getattr(each, "fixturenames", ()))]
    for each in needing:
        each.add_marker(pytest.mark.browser)
    if CHROMIUM is not None or not needing:
        return
    reason = "no Chromium on this machine (apt-get install chromium, or BORDEREAU_CHROMIUM=/path/to/it)"
    if os.environ.get("CI") == "true":
        pytest.exit(f"browser tests are required here, but there is {reason}", returncode=NO_CHROMIUM_EXIT)
    for each in needing:
        each.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": list(LAUNCH_ARGUMENTS)}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {
        "locale": "fr-FR",
        "timezone_id": "Europe/Paris",
        "viewport": {"width": 1440, "height": 900},
        "reduced_motion": "reduce",
    }


@contextmanager
def running(company_url: str, folder: Path) -> Iterator[Application]:
    """The product, running on a company of its own: its processes published, web and worker."""
    with cloned(company_url, "browser") as url:
        found = start(url, folder)
        try:
            yield found
        finally:
            found.stop()


@pytest.fixture
def application(company_url: str, tmp_path: Path) -> Iterator[Application]:
    with running(company_url, tmp_path) as found:
        yield found


@dataclass  # without slots: Playwright leaves marks on the owner of a bound method
class Complaints:
    """What the browser did not like. ``allowed``: beginnings of console messages that a test provokes on purpose."""

    found: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"page error: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        if request.url.endswith("/csp-report"):
            self.found.append(f"content policy: {request.post_data}")

    def unexpected(self) -> list[str]:
        return [each for each in self.found if not any(part in each for part in self.allowed)]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    found = Complaints()
    yield found
    assert found.unexpected() == []


@pytest.fixture
def clean_page(context: BrowserContext, complaints: Complaints) -> Page:
    """A page whose every complaint fails the test at its end."""
    context.on("page", complaints.listen)
    return context.new_page()
