"""Decisions that remember which rules hit, also those of the decisions beneath, which the history does not tell."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.decisions import Decision
from engine.decisions.decision import DecisionResult
from engine.feel import Budget, Environment, Value
from engine.model.elements import Model

Hits = set[tuple[str, str]]
"""Ids of decisions with ids of their rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched(Decision):
    hits: Hits = field(default_factory=set, compare=False)

    def evaluate(
        self,
        variables: Mapping[str, Value],
        environment: Environment,
        budget: Budget | None = None,
        **how: bool,
    ) -> DecisionResult:
        """As the decision does, noting what hit."""
        result = Decision.evaluate(self, variables, environment, budget, **how)
        self.hits.update(_rules(self, result))
        return result


def watched(model: Model, hits: Hits) -> Model:
    """The same model, whose decisions note in ``hits`` what hit."""
    return replace(model, decisions={key: _watched(each, hits) for key, each in model.decisions.items()})


def _watched(decision: Decision, hits: Hits) -> Decision:
    given = {each.name: getattr(decision, each.name) for each in dataclasses.fields(Decision) if each.init}
    return _Watched(**given, hits=hits)


def _rules(decision: Decision, result: DecisionResult) -> Iterator[tuple[str, str]]:
    """What hit in the decision and in those that it requires; their results stand in the same order."""
    yield from ((decision.id, rule) for rule in result.rules)
    for required, beneath in zip(decision.requires, result.required.values(), strict=False):
        yield from _rules(required, beneath)
