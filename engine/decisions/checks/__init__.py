"""What is wrong with decisions before any case meets them: gaps, overlaps, rows without effect, wrong outputs, loose requirements."""

from engine.decisions.checks.model import check_model
from engine.decisions.checks.outputs import misfit_type
from engine.decisions.checks.tables import Owner, check_table

__all__ = ["Owner", "check_model", "check_table", "misfit_type"]
