"""Decisions of DMN files: tables, literal expressions and what they require (OMG DMN 1.5)."""

from engine.decisions.decision import Decision, DecisionFailure, DecisionResult
from engine.decisions.reader import read_decisions

__all__ = ["Decision", "DecisionFailure", "DecisionResult", "read_decisions"]
