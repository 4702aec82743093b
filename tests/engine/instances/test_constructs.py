"""Each construct that the kernel moves, on the real database: its waits have rows, its handlers run once each, its jobs find their case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.errors import Crashed
from engine.jobs.retries import ATTEMPTS
from engine.model import elements as model
from tests.engine.instances.conftest import NOW, House
from tests.engine.instances.drawing import (
    CANCEL,
    TERMINATE,
    boundary,
    compensation,
    condition,
    el,
    error,
    error_named,
    escalation,
    escalation_named,
    event_sub,
    expression,
    extensions,
    io,
    keyed,
    link,
    message,
    message_named,
    plain,
    process,
    say,
    service,
    signal,
    signal_named,
    sub,
    timer,
    undone_by,
    user,
    write,
)

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def monday(house: House) -> Iterator[None]:
    house.now = NOW
    yield
    assert not house.jobs()


# -- event sub-processes -----------------------------------------------------------------------------------------------------------------


def test_event_sub_processes_of_a_case_begin_by_timer_message_and_signal(house: House) -> None:
    house.publish(
        "watch",
        message_named("watch_asked"),
        signal_named("watch_fire"),
        plain(
            "watch",
            user("guard"),
            event_sub(
                "hourly",
                timer("timeCycle", "R2/PT1H"),
                say("tick", '"tick"'),
                flows="hourly_on -> tick -> hourly_end",
                interrupts=False,
            ),
            event_sub(
                "asked",
                message("watch_asked"),
                service("answer", "note.post", inputs={"said": "who"}),
                flows="asked_on -> answer -> asked_end",
                interrupts=False,
            ),
            event_sub("fire", signal("watch_fire"), say("ring", '"fire"'), flows="fire_on -> ring -> fire_end"),
            flows="start -> guard -> end",
        ),
    )
    case = house.start("watch")
    assert house.rows("SELECT kind, name FROM engine.subscription WHERE instance_id = :id ORDER BY 1", id=case) == [
        ("message", "watch_asked"),
        ("signal", "watch_fire"),
    ]
    for hours in (1, 2, 3):
        house.pass_time(NOW + hours * HOUR)
    house.send("watch_asked", who="Ada")
    house.send("watch_asked", who="Bob")
    assert house.notes(case) == ["tick", "tick", "Ada", "Bob"]
    assert house.status(case) == "active"
    house.throw("watch_fire")
    assert house.notes(case)[-1] == "fire"
    found = house.case(case)
    assert found.row.status == "completed"
    assert not any(each.is_open for each in found.tasks)
    assert found.path.elements["guard"].cancelled == 1
    assert found.path.elements["hourly"].entered == found.path.elements["hourly_on"].completed == 2
    assert "hourly_on__tick" in found.path.flows


def test_event_sub_processes_by_error_escalation_and_condition(house: House) -> None:
    house.publish(
        "shop",
        error_named("no_ink"),
        escalation_named("late"),
        plain(
            "shop",
            sub(
                "desk",
                el("startEvent", "open"),
                el("intermediateThrowEvent", "up", escalation("late")),
                user("count", form="answer"),
                user("look"),
                say("sign", '"no ink"'),
                el("endEvent", "closed"),
                flows="open -> up -> count -> look -> sign -> closed",
            ),
            event_sub("no_pen", error("no_ink"), say("buy", '"pen"'), flows="no_pen_on -> buy -> no_pen_end"),
            event_sub(
                "boss", escalation("late"), say("call", '"boss"'), flows="boss_on -> call -> boss_end", interrupts=False
            ),
            event_sub(
                "rich",
                condition("total > 100"),
                say("safe", '"safe"'),
                flows="rich_on -> safe -> rich_end",
                interrupts=False,
            ),
            flows="start -> desk -> end",
        ),
    )
    case = house.start("shop")
    assert house.notes(case) == ["boss"]
    house.complete(case, "count", total="200")
    assert house.notes(case) == ["boss", "safe"]
    house.complete(case, "look")
    assert house.notes(case) == ["boss", "safe", "pen"]
    assert house.status(case) == "completed"
    assert "sign" not in house.passed(case)


# -- boundary events ---------------------------------------------------------------------------------------------------------------------


def test_boundary_events_of_every_kind(house: House) -> None:
    house.publish(
        "edge",
        error_named("no_ink"),
        escalation_named("late"),
        keyed("edge_call", "edge_call", '"edge"'),
        signal_named("edge_sun"),
        plain(
            "edge",
            user("think", form="answer"),
            boundary("hour", "think", timer("timeDuration", "PT1H"), interrupts=False),
            boundary("call", "think", message("edge_call"), interrupts=False),
            boundary("sun", "think", signal("edge_sun"), interrupts=False),
            say("on_hour", '"hour"'),
            say("on_call", '"call"'),
            say("on_sun", '"sun"'),
            sub(
                "work",
                el("startEvent", "begin"),
                user("enter", form="answer"),
                el("endEvent", "up", escalation("late")),
                flows="begin -> enter -> up",
            ),
            boundary("big", "work", condition("total > 10"), interrupts=False),
            boundary("boss", "work", escalation("late")),
            say("on_big", '"big"'),
            say("sign", '"no ink"'),
            boundary("dry", "sign", error("no_ink")),
            flows="""start -> think -> work -> end
                hour -> on_hour
                call -> on_call
                sun -> on_sun
                big -> on_big
                boss -> sign -> end
                dry -> end""",
        ),
    )
    case = house.start("edge")
    house.pass_time(NOW + HOUR)
    house.send("edge_call", "edge")
    house.send("edge_call", "another")
    house.throw("edge_sun", "edge_sun")
    assert house.notes(case) == ["hour", "call", "sun", "sun"]
    house.complete(case, "think", total="1")
    house.complete(case, "enter", total="20")
    assert house.notes(case)[4:] == ["big"]
    found = house.case(case)
    assert found.row.status == "completed"
    assert {"boss", "dry"} <= set(house.passed(case))
    assert found.path.elements["work"].cancelled == 1


# -- gateways ----------------------------------------------------------------------------------------------------------------------------


def offer(house: House) -> int:
    house.publish(
        "offer",
        keyed("offer_yes", "offer_yes", '"offer"'),
        plain(
            "offer",
            el("eventBasedGateway", "first"),
            el("intermediateCatchEvent", "yes", message("offer_yes")),
            el("intermediateCatchEvent", "late", timer("timeDuration", "PT1H")),
            say("deliver", '"deliver"'),
            say("remind", '"remind"'),
            flows="start -> first -> yes -> deliver -> end\nfirst -> late -> remind -> end",
        ),
    )
    return house.start("offer")


def test_event_based_gateway_a_message_against_a_timer(house: House) -> None:
    answered, silent = offer(house), offer(house)
    house.send("offer_yes", "offer")
    assert (house.notes(answered), house.notes(silent)) == (["deliver"], [])
    house.pass_time(NOW + HOUR)
    assert (house.notes(answered), house.notes(silent)) == (["deliver"], ["remind"])
    assert "first__late" in house.case(silent).path.flows
    assert house.status(answered) == house.status(silent) == "completed"


def test_gateways_join_as_they_should(house: House) -> None:
    house.publish(
        "gates",
        plain(
            "gates",
            el("parallelGateway", "all"),
            *(user(each) for each in ("a", "b", "c")),
            el("complexGateway", "two", expression("activationCondition", "activationCount >= 2")),
            write("size", "size", "5"),
            el("inclusiveGateway", "which", default="which__neither"),
            say("big", '"big"'),
            say("odd", '"odd"'),
            say("neither", '"neither"'),
            el("inclusiveGateway", "again"),
            el("exclusiveGateway", "only", default="only__end"),
            el("task", "by_hand"),
            flows="""start -> all
                all -> a -> two
                all -> b -> two
                all -> c -> two
                two -> size -> which
                which -> big ? size > 3
                which -> odd ? size = 5
                which -> neither
                big -> again
                odd -> again
                neither -> again
                again -> only
                only -> by_hand ? size > 4
                by_hand -> end
                only -> end""",
        ),
    )
    case = house.start("gates")
    house.complete(case, "a")
    assert house.notes(case) == []
    house.complete(case, "c")
    assert sorted(house.notes(case)) == ["big", "odd"]
    assert house.status(case) == "active"
    house.complete(case, "b")
    assert sorted(house.notes(case)) == ["big", "odd"]
    assert house.status(case) == "completed"
    assert house.passed(case).count("by_hand") == 1


def test_links_go_on_at_their_other_end(house: House) -> None:
    house.publish(
        "far",
        plain(
            "far",
            el("intermediateThrowEvent", "leave", link("away")),
            el("intermediateCatchEvent", "arrive", link("away")),
            say("there", '"there"'),
            flows="start -> leave\narrive -> there -> end",
        ),
    )
    case = house.start("far")
    assert house.notes(case) == ["there"]
    path = house.case(case).path
    assert path.elements["leave"].completed == path.elements["arrive"].completed == 1
    assert path.elements["arrive"].active == 0


# -- compensation and transactions -------------------------------------------------------------------------------------------------------


def booking(id_: str, said: str) -> tuple[str, ...]:
    """A handler, and the one that undoes it."""
    return (
        say(id_, f'"{said}"'),
        boundary(f"undo_{id_}", id_, compensation()),
        service(f"un{id_}", "note.erase", inputs={"said": f'"{said}"'}, isForCompensation="true"),
        undone_by(f"undo_{id_}", f"un{id_}"),
    )


def test_compensation_undoes_the_rows_of_handlers_last_first(house: House) -> None:
    house.publish(
        "trip",
        plain(
            "trip",
            *booking("flight", "flight"),
            *booking("hotel", "hotel"),
            user("sure"),
            el("intermediateThrowEvent", "undo", compensation()),
            flows="start -> flight -> hotel -> sure -> undo -> end",
        ),
    )
    case = house.start("trip")
    assert house.notes(case) == ["flight", "hotel"]
    house.complete(case, "sure")
    assert house.notes(case) == ["not hotel", "not flight"]
    assert house.status(case) == "completed"
    keys = [key for (key,) in house.rows("SELECT key FROM business.note WHERE key LIKE :of", of=f"{case}:%")]
    assert len(set(keys)) == 2
    assert house.case(case).path.elements["unflight"].completed == 1


def test_compensation_that_fails_is_an_incident_and_goes_on_after_it(house: House) -> None:
    house.publish(
        "ink",
        process(
            "ink",
            el("startEvent", "start"),
            *booking("draw", "pencil"),
            *booking("paint", "oil"),
            el("intermediateCatchEvent", "hour", timer("timeDuration", "PT1H")),
            el("endEvent", "undo", compensation()),
            flows="start -> draw -> paint -> hour -> undo",
        ),
    )
    case = house.start("ink")
    house.write("INSERT INTO business.note (said) VALUES ('locked')")
    house.promote(NOW + HOUR)
    ((name, arguments),) = house.jobs()
    with pytest.raises(Crashed):
        house.perform(name, arguments)
    house.perform(name, arguments, ATTEMPTS)
    (incident,) = house.incidents(case)
    assert (incident.element_id, incident.code) == ("unpaint", "handler_crashed")
    assert house.notes(case) == ["pencil", "oil"]
    house.write("DELETE FROM business.note WHERE said = 'locked'")
    house.retry(case)
    assert house.notes(case) == ["not oil", "not pencil"]
    assert house.status(case) == "completed"


def test_a_sub_process_undoes_itself(house: House) -> None:
    house.publish(
        "self",
        process(
            "self",
            el("startEvent", "start"),
            sub(
                "stay",
                el("startEvent", "in"),
                say("book", '"room"'),
                el("endEvent", "out"),
                event_sub(
                    "no_stay",
                    compensation(),
                    service("cancel", "note.erase", inputs={"said": '"room"'}),
                    flows="no_stay_on -> cancel -> no_stay_end",
                ),
                flows="in -> book -> out",
            ),
            el("endEvent", "undo", compensation("stay")),
            flows="start -> stay -> undo",
        ),
    )
    case = house.start("self")
    assert house.notes(case) == ["not room"]
    assert house.status(case) == "completed"


def test_a_cancelled_transaction_is_undone_and_goes_on_at_its_boundary(house: House) -> None:
    house.publish(
        "deal",
        plain(
            "deal",
            sub(
                "both",
                el("startEvent", "in"),
                *booking("pay", "paid"),
                user("agree"),
                el("endEvent", "no", CANCEL),
                flows="in -> pay -> agree -> no",
                kind="transaction",
            ),
            boundary("broken", "both", CANCEL),
            say("sorry", '"sorry"'),
            flows="start -> both -> end\nbroken -> sorry -> end",
        ),
    )
    case = house.start("deal")
    assert house.notes(case) == ["paid"]
    house.complete(case, "agree")
    assert house.notes(case) == ["not paid", "sorry"]
    assert house.status(case) == "completed"


# -- repetition --------------------------------------------------------------------------------------------------------------------------


def test_each_round_and_each_item_has_a_key_of_its_own(house: House) -> None:
    twice = "<bpmn:standardLoopCharacteristics loopMaximum='2' />"
    each = extensions(
        '<zeebe:loopCharacteristics inputCollection="=[&quot;x&quot;, &quot;y&quot;]" inputElement="item" />'
    )
    many = f"<bpmn:multiInstanceLoopCharacteristics>{each}</bpmn:multiInstanceLoopCharacteristics>"
    house.publish(
        "again",
        plain(
            "again",
            say("now", '"now"', twice),
            service("later", "note.post", twice, inputs={"said": '"later"'}),
            say("items", "item", many),
            service("posted", "note.post", many, inputs={"said": "item"}),
            flows="start -> now -> later -> items -> posted -> end",
        ),
    )
    case = house.start("again")
    assert house.notes(case) == ["now", "now", "later", "later", "x", "y", "x", "y"]
    assert house.status(case) == "completed"
    keys = [key for (key,) in house.rows("SELECT key FROM business.note WHERE key LIKE :of", of=f"{case}:%")]
    assert len(set(keys)) == 8


def test_the_first_item_tells_the_boundary(house: House) -> None:
    body = extensions('<zeebe:loopCharacteristics inputCollection="=[1, 2]" />')
    house.publish(
        "votes",
        signal_named("votes_in"),
        plain(
            "votes",
            el("intermediateThrowEvent", "mark"),
            '<bpmn:userTask id="vote" name="vote"><bpmn:extensionElements><zeebe:userTask />'
            '<zeebe:assignmentDefinition candidateGroups="clerk" /></bpmn:extensionElements>'
            f'<bpmn:multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="first_vote">{body}'
            "</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>",
            boundary(
                "heard", "vote", '<bpmn:signalEventDefinition id="first_vote" signalRef="votes_in" />', interrupts=False
            ),
            say("tell", '"first"'),
            flows="start -> mark -> vote -> end\nheard -> tell",
        ),
    )
    case = house.start("votes")
    house.complete(case, "vote")
    assert house.notes(case) == ["first"]
    house.complete(case, "vote")
    assert house.notes(case) == ["first"]
    assert house.status(case) == "completed"


def test_quantities(house: House) -> None:
    house.publish(
        "pairs",
        plain(
            "pairs",
            el("parallelGateway", "all"),
            user("left"),
            user("right"),
            say("pack", '"pair"', startQuantity="2", completionQuantity="2"),
            say("ship", '"shoe"'),
            flows="start -> all\nall -> left -> pack\nall -> right -> pack\npack -> ship -> end",
        ),
    )
    case = house.start("pairs")
    house.complete(case, "left")
    assert house.notes(case) == []
    house.complete(case, "right")
    assert house.notes(case) == ["pair", "shoe", "shoe"]


# -- processes that speak to each other --------------------------------------------------------------------------------------------------


def test_two_processes_speak_by_send_and_receive_tasks_without_keys(house: House) -> None:
    house.publish(
        "buyer",
        message_named("order"),
        message_named("goods"),
        plain(
            "buyer",
            el("sendTask", "ask", extensions(io({"what": '"hat"'})), messageRef="order"),
            el("receiveTask", "get", messageRef="goods"),
            say("wear", "what"),
            flows="start -> ask -> get -> wear -> end",
        ),
    )
    house.publish(
        "seller",
        message_named("order"),
        message_named("goods"),
        process(
            "seller",
            el("receiveTask", "taken", messageRef="order", instantiate="true"),
            user("wrap"),
            el("endEvent", "sent", extensions(io({"what": 'what + "!"'})), message("goods")),
            flows="taken -> wrap -> sent",
        ),
    )
    first, second = house.start("buyer"), house.start("buyer")
    sellers = house.cases("seller")
    assert len(sellers) == 2
    house.complete(sellers[0], "wrap")
    assert [house.status(each) for each in (first, second)] == ["completed", "active"]
    house.complete(sellers[1], "wrap")
    assert house.notes(second) == ["hat!"]


def test_two_participants_of_one_file(house: House) -> None:
    house.publish(
        "pupil",
        keyed("question", "question", '"class"'),
        keyed("reply", "reply", '"class"'),
        plain(
            "pupil",
            el("intermediateThrowEvent", "ask", message("question")),
            el("intermediateCatchEvent", "hear", message("reply")),
            flows="start -> ask -> hear -> end",
        ),
        process(
            "teacher",
            el("startEvent", "asked", message("question")),
            say("explain", '"why"'),
            el("intermediateThrowEvent", "answer", message("reply")),
            el("endEvent", "done"),
            flows="asked -> explain -> answer -> done",
        ),
    )
    case = house.start("pupil")
    assert house.status(case) == "completed"
    _, teacher = house.cases("pupil")
    assert house.passed(teacher) == ["asked", "explain", "answer", "done"]
    assert house.notes(teacher) == ["why"]


def test_every_entrance_begins_a_case(house: House) -> None:
    house.publish(
        "doors",
        *(message_named(f"doors_{each}") for each in ("knock", "letter", "call", "visit")),
        *(signal_named(f"doors_{each}") for each in ("bell", "gong")),
        process(
            "doors",
            el("startEvent", "knocked", message("doors_knock")),
            el("startEvent", "rung", signal("doors_bell")),
            el("startEvent", "both", message("doors_letter"), signal("doors_gong")),
            el("startEvent", "daily", timer("timeCycle", "R2/P1D")),
            el("eventBasedGateway", "first", instantiate="true"),
            el("intermediateCatchEvent", "called", message("doors_call")),
            el("intermediateCatchEvent", "struck", signal("doors_gong")),
            el("receiveTask", "visited", messageRef="doors_visit", instantiate="true"),
            el("endEvent", "end"),
            flows="""knocked -> end
                rung -> end
                both -> end
                daily -> end
                first -> called -> end
                first -> struck -> end
                visited -> end""",
        ),
    )
    for name in ("knock", "letter", "call", "visit"):
        house.send(f"doors_{name}")
    house.pass_time(NOW + timedelta(days=1))
    house.throw("doors_bell")

    def begun() -> list[str]:
        return [house.passed(each)[0] for each in house.cases("doors")]

    assert begun() == ["knocked", "both", "called", "visited", "daily", "rung"]
    house.throw("doors_gong")
    assert sorted(begun()[6:]) == ["both", "struck"], "a signal begins a case at each of its start events"
    house.publish("doors", process("doors", el("startEvent", "start"), el("endEvent", "end"), flows="start -> end"))
    house.throw("doors_bell")
    house.pass_time(NOW + timedelta(days=2))
    assert len(begun()) == 8, "the version in force has no such start any more"


# -- the rest ----------------------------------------------------------------------------------------------------------------------------

DECISION = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://bordereau.test">
  <decision id="color" name="color"><decisionTable id="t" hitPolicy="UNIQUE">
    <input id="i"><inputExpression id="ie" typeRef="number"><text>size</text></inputExpression></input>
    <output id="o" name="color" typeRef="string" />
    <rule id="r"><inputEntry id="e"><text>&gt; 3</text></inputEntry><outputEntry id="oe"><text>"red"</text></outputEntry></rule>
  </decisionTable></decision>
</definitions>"""


def test_calls_decisions_parallel_multiples_and_ends(house: House) -> None:
    decide = extensions('<zeebe:calledDecision decisionId="color" resultVariable="color" />')
    call = extensions(
        '<zeebe:calledElement processId="painter" propagateAllChildVariables="false" />', io({"color": "color"})
    )
    house.publish(
        "mixed",
        message_named("mixed_one"),
        signal_named("mixed_two"),
        error_named("stop"),
        plain(
            "mixed",
            write("size", "size", "5"),
            el("businessRuleTask", "decide", decide),
            el("callActivity", "paint", call),
            boundary("stopped", "paint", error("stop")),
            el("intermediateCatchEvent", "both", message("mixed_one"), signal("mixed_two"), parallelMultiple="true"),
            el("parallelGateway", "split"),
            user("never"),
            el("endEvent", "now", TERMINATE),
            flows="start -> size -> decide -> paint -> end\nstopped -> both -> split\nsplit -> never -> end\nsplit -> now",
        ),
        process(
            "painter",
            el("startEvent", "in"),
            say("spray", "color"),
            el("endEvent", "out", error("stop")),
            flows="in -> spray -> out",
        ),
        rules_dmn=DECISION,
    )
    case = house.start("mixed")
    assert house.notes(case) == ["red"]
    house.throw("mixed_two")
    assert house.status(case) == "active"
    house.send("mixed_one")
    assert house.status(case) == "completed"
    assert house.case(case).path.elements["never"].cancelled == 1


# -- incidents ---------------------------------------------------------------------------------------------------------------------------


def test_incidents_of_scopes_are_shown_and_retried(house: House) -> None:
    house.publish(
        "stuck",
        plain(
            "stuck",
            sub(
                "inner",
                el("startEvent", "in"),
                el("parallelGateway", "split"),
                write("a", "a", "1"),
                user("b", form="answer"),
                el("complexGateway", "join", expression("activationCondition", "total > 1")),
                el("endEvent", "out"),
                flows="in -> split\nsplit -> a -> join\nsplit -> b -> join\njoin -> out",
            ),
            flows="start -> inner -> end",
        ),
    )
    case = house.start("stuck")
    (incident,) = house.incidents(case)
    assert (incident.code, incident.element_id) == ("condition_not_boolean", "join")
    assert incident.activity in house.state(case).scopes
    house.retry(case)
    assert [each.code for each in house.incidents(case)] == ["condition_not_boolean"], "still not known"
    house.complete(case, "b", total="7")
    assert house.incidents(case) == []
    assert house.status(case) == "completed"


def test_a_deadlock_of_the_whole_is_an_incident_of_the_outermost_scope(house: House) -> None:
    house.publish(
        "dead",
        plain(
            "dead",
            el("exclusiveGateway", "one", default="one__a"),
            el("task", "a"),
            el("task", "b"),
            el("parallelGateway", "both"),
            flows="start -> one\none -> a -> both\none -> b ? 1 > 2\nb -> both\nboth -> end",
        ),
    )
    case = house.start("dead")
    (incident,) = house.incidents(case)
    assert (incident.code, incident.activity, incident.element_id) == ("deadlock", "s1", "both")
    house.retry(case)
    assert [each.code for each in house.incidents(case)] == ["deadlock"]


# -- nothing is forgotten ----------------------------------------------------------------------------------------------------------------


def kinds(of: type) -> set[type]:
    """The classes of the model that nothing else builds on."""
    found = {each for each in vars(model).values() if isinstance(each, type) and issubclass(each, of)}
    return {each for each in found if not any(each in other.__bases__ for other in found)}


def test_every_construct_of_the_model_ran_here(house: House) -> None:
    nodes = [n for b in house.published for p in b.model.processes.values() for n in p.nodes.values()]
    assert {type(each) for each in nodes} == kinds(model.Node)
    defined = [getattr(each, "trigger", None) or getattr(each, "result", None) for each in nodes]
    used = {type(each) for each in defined} | {type(e) for each in defined for e in model.definitions_of(each)}
    assert set(model.EventDefinition.__args__) <= used
    starts = [
        n.trigger
        for n in nodes
        if isinstance(n, model.StartEvent)
        and n.scope not in {p.id for b in house.published for p in b.model.processes.values()}
    ]
    in_event_sub_processes = {type(each) for each in starts if each is not None}
    assert len(in_event_sub_processes) == 7
    edges = {type(n.trigger) for n in nodes if isinstance(n, model.BoundaryEvent)}
    assert len(edges) == 8
    activities = [each for each in nodes if isinstance(each, model.Activity)]
    assert any(each.loop for each in activities)
    assert any(each.multi_instance and each.multi_instance.event for each in activities)
    assert any(each.start_quantity > 1 and each.completion_quantity > 1 for each in activities)
    assert any(isinstance(each, model.SubProcess) and each.is_transaction for each in activities)
    assert any(
        each.trigger.is_parallel
        for each in nodes
        if isinstance(each, model.CatchEvent) and isinstance(each.trigger, model.MultipleDefinition)
    )
