"""Who does a user task: a role, by our extension, by the lane, or by a potential owner of BPMN (10.3.4)."""

from __future__ import annotations

import json
import re

from engine.model.bpmn_parts import Part
from engine.model.xml_file import Element, child, children, reference, text_of

_WORD = re.compile(r"[\w.-]+")
_QUOTED = re.compile(r'=?\s*("(?:[^"\\]|\\.)+")')


def read_role(part: Part) -> str | None:
    """One role a task: ``candidateGroups``, else the potential owner, else the lane's. None when there is none (or a problem, noted)."""
    text = part.extensions.get("assignmentDefinition", "candidateGroups")
    owners = children(part.raw.element, "potentialOwner")
    if text and owners:
        part.problems.add("extension_contradiction", part.raw.element, place="potentialOwner", other="candidateGroups")
    if text.startswith("="):
        part.problems.add("role_computed", part.raw.element, place="candidateGroups")
        return None
    if "," in text or len(owners) > 1:
        roles = text or ", ".join(filter(None, (each.get("name") for each in owners)))
        part.problems.add("role_several", part.raw.element, place="candidateGroups", roles=roles)
        return None
    return text or (_read_owner(owners[0], part) if owners else part.reading.roles.get(part.raw.lane or ""))


def has_assignment(part: Part) -> bool:
    """Whether the task itself says who does it, even if that cannot be read."""
    text = part.extensions.get("assignmentDefinition", "candidateGroups")
    return bool(text) or child(part.raw.element, "potentialOwner") is not None


def _read_owner(owner: Element, part: Part) -> str | None:
    """A resource of the file by its name, or an expression that is no more than a name."""
    resource = child(owner, "resourceRef")
    if resource is not None:
        key = reference(text_of(resource))
        if key not in part.reading.declarations.resources:
            part.problems.add("reference_unknown", part.raw.element, place="resourceRef", reference=key)
            return None
        text = part.reading.declarations.resources[key] or ""
    else:
        assigned = child(owner, "resourceAssignmentExpression")
        text = text_of(assigned)
        if quoted := _QUOTED.fullmatch(text):
            text = str(json.loads(quoted[1]))
    text = text.strip()
    if _WORD.fullmatch(text) is None:
        part.problems.add("unsupported_resource_role", part.raw.element, place="potentialOwner", child="potentialOwner")
        return None
    return text
