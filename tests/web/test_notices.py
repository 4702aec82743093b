"""The page where each person says which notices they want."""

from __future__ import annotations

import re

from engine.notices import choices
from tests.web.conftest import Office


def shown(page: str) -> dict[str, str]:
    """The choice of each kind on the page."""
    kinds = re.findall(r'<select[^>]* name="([a-z]+)"(.*?)</select>', page, re.DOTALL)
    return {kind: re.findall(r'value="([a-z]+)" selected', options)[0] for kind, options in kinds}


def test_everybody_chooses_for_themselves(office: Office) -> None:
    camille, olivia = office.as_("camille"), office.as_("olivia")
    assert "/account/notices" in camille.get("/account").text
    page = camille.get("/account/notices").text
    assert "camille@demonstration.example" in page
    assert shown(page) == {kind: mode for kind, mode in choices.DEFAULTS.items() if kind != "incident"}
    assert "incident" in shown(olivia.get("/account/notices").text)

    assert (
        camille.post("/account/notices", {"seen": "0", "offered": "now", "due": "off", "incident": "now"}).status_code
        == 303
    )
    assert shown(camille.get("/account/notices").text) | {"offered": "now", "due": "off"} == shown(
        camille.get("/account/notices").text
    )
    with office.runtime.database.reading() as session:
        assert choices.chosen(session, "olivia") == choices.DEFAULTS
    refused = camille.post("/account/notices", {"offered": "<b>"})
    assert (refused.status_code, "Choisissez l’une" in refused.text, "<b>" in refused.text) == (422, True, False)
    assert camille.post("/account/notices", {"seen": "0", "offered": "off"}).status_code == 422  # from an old page


def test_the_link_of_a_mail_asks_who_is_there(office: Office) -> None:
    answer = office.nobody().get("/account/notices")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/account/notices")
