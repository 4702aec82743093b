"""An opinion as JSON that is kept: codes and facts, never sentences, because whoever reads it has a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from engine.second_opinion.comparing import Difference
from engine.second_opinion.opinion import Agreement, Opinion
from engine.second_opinion.subset import Obstacle

MOST_OBSTACLES: Final = 20
"""Of one story: a large process can have one at every element, and each of its stories names them all."""


def record_of(opinion: Opinion) -> dict[str, Any]:
    """All that its sentence needs; the mark at which the paths parted is not kept."""
    found = opinion.difference
    return {
        "file": opinion.file,
        "process": opinion.process,
        "agreement": opinion.agreement.value,
        "obstacles": [asdict(each) for each in opinion.obstacles[:MOST_OBSTACLES]],
        "difference": None
        if found is None
        else {
            "point": found.point,
            "element": found.element,
            "step": found.step,
            "ours": found.ours,
            "theirs": found.theirs,
            "variables": list(found.variables),
            "moment": found.moment,
        },
        "defect": opinion.defect,
        "reason": opinion.reason,
        "element_name": opinion.element_name,
    }


def opinion_of(record: Mapping[str, Any]) -> Opinion:
    """What ``record_of`` wrote."""
    found = record["difference"]
    return Opinion(
        process=record["process"],
        file=record["file"],
        agreement=Agreement(record["agreement"]),
        obstacles=tuple(Obstacle(**each) for each in record["obstacles"]),
        difference=None if found is None else Difference(**{**found, "variables": tuple(found["variables"])}),
        defect=record["defect"],
        reason=record["reason"],
        element_name=record["element_name"],
    )
