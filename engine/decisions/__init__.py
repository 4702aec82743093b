"""Decisions of DMN files: graphs of tables and other logic, with their types, services and imports (OMG DMN 1.1 to 1.5)."""

from engine.decisions.decision import Decision, DecisionFailure, DecisionResult, InputData, Knowledge
from engine.decisions.model import DecisionModel
from engine.decisions.reader import Models, needed_for, read_decisions, read_file, read_model
from engine.decisions.services import Service
from engine.decisions.types import ItemType

__all__ = [
    "Decision",
    "DecisionFailure",
    "DecisionModel",
    "DecisionResult",
    "InputData",
    "ItemType",
    "Knowledge",
    "Models",
    "Service",
    "needed_for",
    "read_decisions",
    "read_file",
    "read_model",
]
