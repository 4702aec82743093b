"""How each person wants to hear of each kind of thing: at once, in the daily digest, not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotAllowed
from engine.record import Change, RecordContext, RecordTable, record_command

Kind = Literal["assigned", "offered", "absence", "due", "incident"]
Mode = Literal["off", "now", "digest"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
RECORD: Final = "notices"
"""The kind of record that the choices of a person are."""

DEFAULTS: Final[Mapping[Kind, Mode]] = {
    "assigned": "now",
    "offered": "digest",
    "absence": "now",
    "due": "digest",
    "incident": "now",
}
"""What holds for who has chosen nothing: at once what waits for this one person, in the digest what waits for several."""

_FIND = text("SELECT kind, mode FROM engine.notice_choice WHERE person_login = :login")
_SAVE = text("""
    INSERT INTO engine.notice_choice (person_login, kind, mode)
    SELECT :login, c.kind, c.mode FROM unnest(CAST(:kinds AS text[]), CAST(:modes AS text[])) AS c(kind, mode)
    ON CONFLICT (person_login, kind) DO UPDATE SET mode = excluded.mode
""")


@data
class ChooseNotices:
    """``login`` wants to hear of these kinds in these ways; of kinds that are not named as before."""

    login: str
    modes: Mapping[str, str]


@record_command(
    "notices.choose",
    event="notices:chosen",
    kind=RECORD,
    key="login",
    may=(),
    fr="Choisir ses avis",
    en="Choose one’s notices",
)
def choose(given: ChooseNotices, context: RecordContext) -> Change:
    """Everybody for themselves. Raises NotAllowed (``not_oneself``), InvalidInput by kind (``notice_mode_unknown``)."""
    if context.actor.login != given.login or context.actor.person_id is None:
        raise NotAllowed("not_oneself")
    problems = tuple(
        FieldProblem(field=kind, code="notice_mode_unknown")
        for kind, mode in sorted(given.modes.items())
        if kind not in KINDS or mode not in MODES
    )
    if problems:
        raise InvalidInput(problems)
    before = chosen(context.session, given.login)
    kinds = sorted(given.modes)
    context.session.execute(
        _SAVE, {"login": given.login, "kinds": kinds, "modes": [given.modes[each] for each in kinds]}
    )
    return Change(before=before, after=chosen(context.session, given.login))


COMMANDS = RecordTable.of(choose)


def chosen(session: Session, login: str) -> Mapping[str, str]:
    """What holds for ``login``, every kind."""
    rows = session.execute(_FIND, {"login": login})
    return {**DEFAULTS, **{row.kind: row.mode for row in rows}}
