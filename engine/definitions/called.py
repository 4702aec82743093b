"""What the gate says of calls to other published processes (``bindingType`` ``latest`` and ``versionTag``), held against what is published.

A process that has no start of its own can never be called: an error. One that is not published yet may be when the first case gets there,
and an answer that its start form asks for may be empty on purpose: warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.errors import Facts, Problem
from engine.model.bundle import Bundle
from engine.model.elements import Binding, CallActivity, Process

Find = Callable[[CallActivity], "Bundle | None"]
"""The published version that a call would get now; None: there is none."""


def problems_of(bundle: Bundle, find: Find) -> Iterator[Problem]:
    """What of the calls of ``bundle`` would not begin, or would begin with too little; of a short form, with its line."""
    for process in bundle.model.processes.values():
        for node in process.nodes.values():
            if isinstance(node, CallActivity) and node.binding is not Binding.DEPLOYMENT:
                yield from map(bundle.located, _call(bundle, process, node, find(node)))


def _call(bundle: Bundle, process: Process, call: CallActivity, called: Bundle | None) -> Iterator[Problem]:
    def problem(code: str, place: str, *, warning: bool = True, **facts: str | None) -> Problem:
        told: Facts = {"process": call.process, **facts}
        return Problem(
            code=code,
            file=bundle.process_files[process.id],
            element_id=call.id,
            element_name=call.name or None,
            place=place,
            severity="warning" if warning else "error",
            facts=told,
        )

    if called is None:
        code = "called_process_not_published" if call.version_tag is None else "called_tag_not_published"
        yield problem(code, "calledElement", tag=call.version_tag)
    elif not called.process.entries(called.process_id):
        yield problem("called_process_without_start", "calledElement", warning=False)
    elif not call.propagates_all_in:
        given = {each.target[0] for each in call.inputs}
        for name in _asked(called):
            if name not in given:
                yield problem("called_process_asks", f"input {name}", input=name)


def _asked(called: Bundle) -> Iterator[str]:
    """What whoever starts the process by hand must always answer."""
    form = called.forms.get(called.starts.form or "") if called.starts is not None else None
    for each in () if form is None else form.fields:
        if each.required is True and each.visible is None and not each.is_output:
            yield each.name
