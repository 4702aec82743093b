"""What the gate says of events that begin cases, and of errors that event sub-processes catch."""

from __future__ import annotations

from engine.definitions import entrances, gate
from engine.model.bundle import read_bundle
from tests.engine.instances.conftest import HANDLERS
from tests.engine.instances.drawing import (
    condition,
    drawing,
    el,
    error,
    error_named,
    event_sub,
    message,
    message_named,
    plain,
    process,
    say,
    signal,
    signal_named,
    sub,
    timer,
)

YAML = b"key: p\ntitle: {fr: p, en: p}\nprocess: p\n"


def files(*inside: str) -> dict[str, bytes]:
    return {"process.yaml": YAML, "p.bpmn": drawing(*inside)}


def codes(*inside: str) -> list[tuple[str, str | None]]:
    found = gate.check(files(*inside), HANDLERS)
    return [
        (each.code, each.element_id) for each in found if each.code not in {"name_untranslated", "message_key_missing"}
    ]


def test_a_condition_begins_no_case() -> None:
    start = el("startEvent", "begin", message("m"), condition("x > 1"))
    drawn = process("p", start, el("endEvent", "end"), flows="begin -> end")
    assert codes(message_named("m"), drawn) == [("start_by_condition", "begin")]


def test_an_error_is_caught_by_an_event_sub_process_beside_but_not_by_the_one_that_it_comes_from() -> None:
    caught = event_sub("oops", error("no_ink"), el("task", "mend"), flows="oops_on -> mend -> oops_end")
    around = sub("s", el("startEvent", "in"), say("write", "x"), el("endEvent", "out"), flows="in -> write -> out")
    assert codes(error_named("no_ink"), plain("p", around, caught, flows="start -> s -> end")) == []
    own = event_sub("oops", error("no_ink"), say("mend", "x"), flows="oops_on -> mend -> oops_end")
    assert codes(error_named("no_ink"), plain("p", own, flows="start -> end")) == [("error_not_caught", "mend")]


def test_entrances_of_every_process_of_a_version() -> None:
    bundle = read_bundle(
        files(
            message_named("m"),
            signal_named("s"),
            process("a", el("receiveTask", "got", messageRef="m", instantiate="true"), flows=""),
            process(
                "p",
                el("startEvent", "both", message("m"), signal("s")),
                el("startEvent", "daily", timer("timeCycle", "R/P1D")),
                el("endEvent", "end"),
                flows="both -> end\ndaily -> end",
            ),
        )
    )
    assert [each.element for each in entrances.by_message(bundle, "m")] == ["both", "got"], "the main process first"
    assert [(each.process, each.element) for each in entrances.by_signal(bundle)] == [("p", "both")]
    assert [each.element for each in entrances.by_timer(bundle)] == ["daily"]
    assert entrances.by_message(bundle, "other") == {}
