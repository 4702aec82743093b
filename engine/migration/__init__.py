"""Running cases moved to another version of their process (``docs/moving-cases.md``). Pure.

``counterparts`` says which element of the new version stands for which of the old one; ``planning.plan`` says what becomes of one case: its
new state with the events that lead to it, or what has no counterpart; ``past.fold_case`` follows a history through such moves.
"""

from engine.migration.counterparts import Counterparts, counterparts, possible
from engine.migration.past import first_version, fold_case, under_present_ids, versions
from engine.migration.planning import Known, Plan, plan
from engine.migration.problems import Change, Lack
from engine.migration.tasks import TaskTerms

__all__ = [
    "Change",
    "Counterparts",
    "Known",
    "Lack",
    "Plan",
    "TaskTerms",
    "counterparts",
    "first_version",
    "fold_case",
    "plan",
    "possible",
    "under_present_ids",
    "versions",
]
