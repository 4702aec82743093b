"""What web, worker and command line hold to run the engine: made once, never changed, shared by threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.calendar import WorkingCalendar
from engine.database.session import Database
from engine.definitions.environment import environment, working_time_functions
from engine.feel import Environment, Function
from engine.handler import HandlerTable
from engine.history.keeping import Keeping
from engine.mail.sending import Mailing

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The database, the handlers, and what the company's calendar is made of: ``zone``, and the ``region`` of France if it has holidays of
    its own. ``keeping``: where the history is signed to; None where it is not. ``mailing``: what mail
    depends on.
    """

    database: Database
    handlers: HandlerTable
    zone: ZoneInfo = PARIS
    region: str | None = None
    keeping: Keeping | None = None
    mailing: Mailing = field(default_factory=Mailing)
    calendar: WorkingCalendar = field(init=False)
    _functions: Mapping[str, Function] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # frozen: what follows from the other fields is set once, here
        object.__setattr__(self, "calendar", WorkingCalendar(zone=self.zone, region=self.region))
        object.__setattr__(self, "_functions", working_time_functions(self.calendar))

    def environment(self, now: datetime) -> Environment:
        """What expressions may ask of the world at ``now``."""
        return environment(now, self.calendar, self._functions)
