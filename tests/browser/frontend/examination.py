"""Reports of examinations as the server would give them, for the pages without the application; ``soundness`` chooses which."""

from __future__ import annotations

from typing import Any

PATH = [
    *(
        "asked",
        "flow_asked",
        "submit_request",
        "flow_submit_request",
        "decide_request",
        "flow_decide_request",
        "gateway_decision",
    ),
    *(
        "flow_gateway_decision_1",
        "compute_amount",
        "flow_compute_amount",
        "need_approval",
        "flow_need_approval",
        "gateway_approval",
    ),
]
SENTENCES = {
    "sound": "Le processus est correct.",
    "unsound": "Un cas peut rester bloqué à « Accord nécessaire ? ».",
    "not_decided": "Non décidé : un cas pourrait rester bloqué à « Accord nécessaire ? ».",
}
FLOWS = (
    "flow_asked",
    "flow_submit_request",
    "flow_decide_request",
    "flow_gateway_decision_1",
    "flow_compute_amount",
    "flow_need_approval",
    "flow_decision_late",
)
ELEMENTS = (
    "asked",
    "submit_request",
    "decide_request",
    "gateway_decision",
    "compute_amount",
    "need_approval",
    "decision_late",
    "remind_buyers",
)
NEVER = ("flow_decision_late", "decision_late", "remind_buyers")
STORY_PROBLEM = {
    "code": "story_path_other",
    "file": "stories/refused.yaml",
    "element_id": "decide_request",
    "element_name": "Décider de la demande",
    "severity": "error",
    "line": 2,
    "message": "Le chemin attendu passe par « refuse_request », mais le dossier est entré dans « compute_amount ».",
}


SAME = {"kind": "same", "unexplained": False, "sentence": "Le second moteur suit le même chemin.", "element": None}
UNEXPLAINED = {
    "kind": "different",
    "unexplained": True,
    "sentence": "Le second moteur diffère sans raison connue : « Relancer les achats » n’a lieu que dans Bordereau.",
    "element": "remind_buyers",
}


def report(state: str, soundness: str) -> dict[str, Any]:
    """One answer of the server: ``state`` of its job, ``soundness`` of the process; sound are also ``failed_story``, in which a story
    fails, and ``unexplained``, in which the second engine goes another way.
    """
    known: dict[str, Any] = {
        "id": "c0ffee",
        "state": state,
        "progress": {"done": 3 if state == "running" else 0, "total": 8, "now": "Récit « Demande refusée »"},
        "may_publish": False,
        "needs_reason": False,
        "verdicts": [],
        "stories": [],
        "opinions": {"total": 0, "compared": 0, "explained": 0, "unexplained": 0},
        "coverage": {"elements": {}, "flows": {}, "rules": {}, "percent": 100, "stories": 0},
    }
    if state != "done":
        return known
    fails, differs = soundness == "failed_story", soundness == "unexplained"
    return known | {
        "may_publish": not (fails or differs) and soundness != "unsound",
        "needs_reason": soundness == "not_decided",
        "verdicts": [_verdict("sound" if fails or differs else soundness)],
        "stories": [
            {
                "file": "stories/ordered.yaml",
                "title": "Commande lancée",
                "passed": True,
                "problems": [],
                "path": PATH,
                "opinion": SAME,
            },
            {
                "file": "stories/refused.yaml",
                "title": "Demande refusée",
                "passed": not fails,
                "problems": [STORY_PROBLEM] if fails else [],
                "path": PATH[:9],
                "opinion": UNEXPLAINED if differs else SAME,
            },
        ],
        "opinions": {"total": 2, "compared": 2, "explained": 0, "unexplained": int(differs)},
        "coverage": {
            "elements": {each: 0 if each in NEVER else 2 for each in ELEMENTS},
            "flows": {each: 0 if each in NEVER else 2 for each in FLOWS},
            "rules": {"approval_needed": {"below_threshold": 2, "above_threshold": 0}},
            "percent": 97,
            "stories": 2,
        },
    }


def _verdict(soundness: str) -> dict[str, Any]:
    is_sound = soundness == "sound"
    return {
        "process": "replenishment",
        "file": "replenishment.bpmn",
        "title": "Demande d’approvisionnement",
        "soundness": soundness,
        "kind": None if is_sound else "deadlock",
        "element": None if is_sound else "gateway_approval",
        "sentence": SENTENCES[soundness],
        "path": [] if is_sound else PATH,
        "conditions": []
        if is_sound
        else [{"element": "flow_gateway_decision_1", "condition": 'decision = "launch"', "holds": True}],
        "example": {"decision": '"launch"'} if soundness == "unsound" else {},
        "relies_on": [],
    }
