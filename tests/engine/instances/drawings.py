"""What ``test_constructs`` runs: small processes that together hold every construct of the model, by key."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from engine.model.bundle import Bundle, read_bundle
from tests.engine.instances.drawing import (
    CANCEL,
    TERMINATE,
    boundary,
    bundle_files,
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


def booking(id_: str, said: str) -> tuple[str, ...]:
    """A handler, and the one that undoes it."""
    return (
        say(id_, f'"{said}"'),
        boundary(f"undo_{id_}", id_, compensation()),
        service(f"un{id_}", "note.erase", inputs={"said": f'"{said}"'}, isForCompensation="true"),
        undone_by(f"undo_{id_}", f"un{id_}"),
    )


DECISION = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://bordereau.test">
  <decision id="color" name="color"><decisionTable id="t" hitPolicy="UNIQUE">
    <input id="i"><inputExpression id="ie" typeRef="number"><text>size</text></inputExpression></input>
    <output id="o" name="color" typeRef="string" />
    <rule id="r"><inputEntry id="e"><text>&gt; 3</text></inputEntry><outputEntry id="oe"><text>"red"</text></outputEntry></rule>
  </decisionTable></decision>
</definitions>"""


_numbers = itertools.count(1)
TWICE = "<bpmn:standardLoopCharacteristics loopMaximum='2' />"


def items(collection: str, name: str = "item", **behavior: str) -> str:
    """Multi-instance characteristics over a FEEL list."""
    over = f"<zeebe:loopCharacteristics inputCollection={quoteattr('=' + collection)} inputElement={quoteattr(name)} />"
    return el("multiInstanceLoopCharacteristics", f"over_{next(_numbers)}", extensions(over), **behavior)


DRAWINGS: Mapping[str, tuple[str, ...]] = {
    "watch": (
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
    ),
    "shop": (
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
    ),
    "edge": (
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
    ),
    "offer": (
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
    ),
    "gates": (
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
    ),
    "far": (
        plain(
            "far",
            el("intermediateThrowEvent", "leave", link("away")),
            el("intermediateCatchEvent", "arrive", link("away")),
            say("there", '"there"'),
            flows="start -> leave\narrive -> there -> end",
        ),
    ),
    "trip": (
        plain(
            "trip",
            *booking("flight", "flight"),
            *booking("hotel", "hotel"),
            user("sure"),
            el("intermediateThrowEvent", "undo", compensation()),
            flows="start -> flight -> hotel -> sure -> undo -> end",
        ),
    ),
    "tour": (
        plain(
            "tour",
            say("book", '"tour"'),
            boundary("undo_book", "book", compensation()),
            service("unbook", "note.post", inputs={"said": '"no " + place'}, isForCompensation="true"),
            undone_by("undo_book", "unbook"),
            write("place", "place", '"elsewhere"'),
            el("intermediateThrowEvent", "undo", compensation("book")),
            flows="start -> book -> place -> undo -> end",
        ),
    ),
    "ink": (
        process(
            "ink",
            el("startEvent", "start"),
            *booking("draw", "pencil"),
            *booking("paint", "oil"),
            el("intermediateCatchEvent", "hour", timer("timeDuration", "PT1H")),
            el("endEvent", "undo", compensation()),
            flows="start -> draw -> paint -> hour -> undo",
        ),
    ),
    "self": (
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
    ),
    "deal": (
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
    ),
    "again": (
        plain(
            "again",
            say("now", '"now"', TWICE),
            service("later", "note.post", TWICE, inputs={"said": '"later"'}),
            say("items", "item", items('["x", "y"]')),
            service("posted", "note.post", items('["x", "y"]'), inputs={"said": "item"}),
            flows="start -> now -> later -> items -> posted -> end",
        ),
    ),
    "votes": (
        signal_named("votes_in"),
        plain(
            "votes",
            el("intermediateThrowEvent", "mark"),
            user("vote", items("[1, 2]", behavior="One", oneBehaviorEventRef="first_vote")),
            boundary(
                "heard", "vote", '<bpmn:signalEventDefinition id="first_vote" signalRef="votes_in" />', interrupts=False
            ),
            say("tell", '"first"'),
            flows="start -> mark -> vote -> end\nheard -> tell",
        ),
    ),
    "pairs": (
        plain(
            "pairs",
            el("parallelGateway", "all"),
            user("left"),
            user("right"),
            say("pack", '"pair"', startQuantity="2", completionQuantity="2"),
            say("ship", '"shoe"'),
            flows="start -> all\nall -> left -> pack\nall -> right -> pack\npack -> ship -> end",
        ),
    ),
    "buyer": (
        message_named("order"),
        message_named("goods"),
        plain(
            "buyer",
            el("sendTask", "ask", extensions(io({"what": '"hat"'})), messageRef="order"),
            el("receiveTask", "get", messageRef="goods"),
            say("wear", "what"),
            flows="start -> ask -> get -> wear -> end",
        ),
    ),
    "seller": (
        message_named("order"),
        message_named("goods"),
        process(
            "seller",
            el("receiveTask", "taken", messageRef="order", instantiate="true"),
            user("wrap"),
            el("endEvent", "sent", extensions(io({"what": 'what + "!"'})), message("goods")),
            flows="taken -> wrap -> sent",
        ),
    ),
    "pupil": (
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
    ),
    "doors": (
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
    ),
    "mixed": (
        message_named("mixed_one"),
        signal_named("mixed_two"),
        error_named("stop"),
        plain(
            "mixed",
            write("size", "size", "5"),
            el(
                "businessRuleTask",
                "decide",
                extensions('<zeebe:calledDecision decisionId="color" resultVariable="color" />'),
            ),
            el(
                "callActivity",
                "paint",
                extensions(
                    '<zeebe:calledElement processId="painter" propagateAllChildVariables="false" />',
                    io({"color": "color"}),
                ),
            ),
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
    ),
    "stuck": (
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
    ),
    "puzzled": (
        plain(
            "puzzled",
            user("count", form="answer"),
            event_sub(
                "rich",
                condition("if total > 5 then true else [1..2]"),
                say("safe", '"safe"'),
                flows="rich_on -> safe -> rich_end",
                interrupts=False,
            ),
            user("look"),
            flows="start -> count -> look -> end",
        ),
    ),
    "dead": (
        plain(
            "dead",
            el("exclusiveGateway", "one", default="one__a"),
            el("task", "a"),
            el("task", "b"),
            el("parallelGateway", "both"),
            flows="start -> one\none -> a -> both\none -> b ? 1 > 2\nb -> both\nboth -> end",
        ),
    ),
}


def files(key: str) -> dict[str, bytes]:
    """The files of a version that holds the drawing ``key``."""
    more = {"rules_dmn": DECISION} if key == "mixed" else {}
    return bundle_files(key, *DRAWINGS[key], **more)


def read(key: str) -> Bundle:
    """The drawing ``key``, ready to run."""
    return read_bundle(files(key))
