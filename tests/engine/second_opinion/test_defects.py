"""The known defects of SpiffWorkflow: each shown with SpiffWorkflow alone (its parser, its script engine, its step loop), and as the
explanation of a difference.
"""

from __future__ import annotations

import pytest
from SpiffWorkflow.exceptions import WorkflowException

from engine.model import elements as model
from engine.second_opinion import Agreement, Opinion, compare
from engine.second_opinion.defects import DEFECTS
from engine.texts import has
from tests.engine.kernel.blocks import Block
from tests.engine.kernel.building import at, escalation, make, message, script, simple, sub, timer
from tests.engine.second_opinion import alone
from tests.engine.second_opinion.common import case_of
from tests.engine.stories.telling import story

USER = Block("user")


def opinion(definition: model.Model, steps: str, end: str = "end") -> Opinion:
    return compare(story(f"steps: {steps}\nexpect: {{end: {end}}}"), definition, None, at)


def explained(found: Opinion) -> str | None:
    assert found.agreement is Agreement.DIFFERENT, found
    return found.defect


def of_block(block: Block, seeds: int = 5) -> set[str | None]:
    """The defects that explain what differs in some orders of work; nothing is unexplained."""
    found = []
    for seed in range(seeds):
        definition, told = case_of(block, seed, is_writing=False)
        found.append(compare(told, definition, None, at))
    return {each.defect for each in found if each.agreement is Agreement.DIFFERENT}


def test_every_defect_has_a_sentence() -> None:
    assert all(has(f"opinion_defect_{each.code}") for each in DEFECTS)


# -- each branch has copies of the variables --------------------------------------------------------------------------------------------

BRANCHES = """
    start -> first -> split -> write -> join -> end
    split -> task -> join
"""


def test_alone_the_old_copy_of_one_branch_hides_what_another_wrote() -> None:
    case = alone.started(
        '<startEvent id="start"/><scriptTask id="first"><script>x = 0</script></scriptTask><parallelGateway id="split"/>'
        '<scriptTask id="write"><script>x = 1</script></scriptTask><userTask id="task"/><parallelGateway id="join"/><endEvent id="end"/>',
        BRANCHES,
    )
    alone.do(case, "task")
    assert case.data == {"x": 0}


def test_copies_explain_a_variable() -> None:
    nodes = [script("first", "x", "0"), script("write", "x", "1"), make(model.UserTask, "task")]
    gateways = [make(model.ParallelGateway, "split"), make(model.ParallelGateway, "join")]
    found = opinion(simple([*nodes, *gateways], BRANCHES), "[{task: task, by: ann}]")
    assert explained(found) == "copies"
    assert found.difference is not None
    assert (found.difference.variables, found.difference.ours, found.difference.theirs) == (("x",), "1", "0")


def test_copies_do_not_explain_what_no_branch_wrote() -> None:
    """The same process, and a variable that is wrong behind the join: there is no branch beside it."""
    nodes = [
        script("first", "x", "0"),
        script("write", "y", "1"),
        make(model.UserTask, "task"),
        script("last", "x", "x + 1"),
    ]
    gateways = [make(model.ParallelGateway, "split"), make(model.ParallelGateway, "join")]
    flows = BRANCHES.replace("join -> end", "join -> last -> end")
    assert opinion(simple([*nodes, *gateways], flows), "[{task: task, by: ann}]").agreement is Agreement.SAME


# -- lists ------------------------------------------------------------------------------------------------------------------------------


def test_alone_a_list_of_one_branch_is_merged_with_that_of_another() -> None:
    case = alone.started(
        '<startEvent id="start"/><scriptTask id="first"><script>x = [1, 2]</script></scriptTask><parallelGateway id="split"/>'
        '<scriptTask id="write"><script>x = [9]</script></scriptTask><userTask id="task"/><parallelGateway id="join"/><endEvent id="end"/>',
        BRANCHES,
    )
    alone.do(case, "task")
    assert case.data["x"] == [1, 2]


def test_lists_explain_a_variable() -> None:
    body = script("write", "x", "[x]", loop=model.StandardLoop(condition=None, maximum=2))
    found = opinion(simple([body], "start -> write -> end"), "[]")
    assert explained(found) == "lists"


# -- a repeated activity behind a boundary event ----------------------------------------------------------------------------------------


def test_alone_a_multi_instance_behind_a_boundary_event_cannot_begin() -> None:
    case = alone.started(
        '<startEvent id="s"/><userTask id="host"/><endEvent id="e"/><endEvent id="e2"/>'
        '<boundaryEvent id="event" attachedToRef="host"><messageEventDefinition messageRef="m"/></boundaryEvent>'
        '<userTask id="many"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>'
        "</multiInstanceLoopCharacteristics></userTask>",
        "s -> host -> e\nevent -> many -> e2",
        '<message id="m" name="m"/>',
    )
    with pytest.raises(WorkflowException, match="non-predicted child"):
        alone.come(case, "event")


def test_a_repeated_activity_behind_a_boundary_event_is_explained() -> None:
    block = Block("on a task", (Block("many at once", (USER,), times=1),), happens=True, event="message")
    assert of_block(block) == {"predicted"}


# -- inclusive joins --------------------------------------------------------------------------------------------------------------------

LOOP = """
    s -> again -> split
    split -> a : True
    split -> b : True
    split -> c : False
    a -> join -> count -> more -> e
    b -> join
    c -> join
    more -> again : n &lt; 2
"""


def test_alone_an_inclusive_join_in_a_loop_fires_early() -> None:
    case = alone.started(
        '<startEvent id="s"/><exclusiveGateway id="again"/><inclusiveGateway id="split"/><userTask id="a"/><userTask id="b"/>'
        '<userTask id="c"/><inclusiveGateway id="join"/><exclusiveGateway id="more" default="more-e"/>'
        '<scriptTask id="count"><script>n = n + 1</script></scriptTask><endEvent id="e"/>',
        LOOP,
        n=0,
    )
    alone.do(case, "a")
    assert alone.completed(case, "join") == 0
    alone.do(case, "b")
    assert alone.ready(case) == ["a", "b"]
    alone.do(case, "a")
    # of the second round b is still to do
    assert (alone.completed(case, "join"), alone.ready(case)) == (2, ["b"])


def test_alone_a_parallel_join_in_a_loop_fires_early() -> None:
    case = alone.started(
        '<startEvent id="s"/><exclusiveGateway id="again"/><parallelGateway id="split"/><userTask id="a"/><userTask id="b"/>'
        '<userTask id="c"/><parallelGateway id="join"/><exclusiveGateway id="more" default="more-e"/>'
        '<scriptTask id="count"><script>n = n + 1</script></scriptTask><endEvent id="e"/>',
        "s -> again -> split -> a -> join -> count -> more -> e\nsplit -> b -> c -> join\nmore -> again : n &lt; 2",
        n=0,
    )
    for each in ("b", "c", "a"):
        alone.do(case, each)
    assert (alone.completed(case, "join"), alone.ready(case)) == (1, ["a", "b"])
    alone.do(case, "a")
    # of the second round b and c are still to do
    assert (alone.completed(case, "join"), alone.ready(case)) == (2, ["b"])


def test_a_parallel_join_in_a_loop_is_explained() -> None:
    branches = Block("and", (USER, Block("sequence", (USER, USER))), frozenset({0, 1}))
    assert of_block(Block("loop", (branches,), times=2)) == {"join_in_loop"}


def test_an_inclusive_join_in_a_loop_is_explained() -> None:
    branches = Block("activity", (USER, USER, USER), frozenset({0, 1}))
    assert of_block(Block("loop", (branches,), times=2)) == {"join_in_loop"}


WORK_BEFORE = """
    s -> split
    split -> a : True
    split -> again : True
    split -> c : False
    a -> join -> e
    c -> join
    again -> work -> count -> more -> out -> join
    more -> again : n &lt; 2
"""


@pytest.mark.parametrize(
    ("work", "is_early"),
    [
        ('<userTask id="work"/>', False),
        (
            alone.sub("work", '<startEvent id="ws"/><userTask id="inside"/><endEvent id="we"/>', "ws -> inside -> we"),
            True,
        ),
    ],
)
def test_alone_an_inclusive_join_does_not_see_a_sub_process_at_work(work: str, is_early: bool) -> None:
    case = alone.started(
        f'<startEvent id="s"/><inclusiveGateway id="split"/><userTask id="a"/>{work}<userTask id="c"/><exclusiveGateway id="again"/>'
        '<exclusiveGateway id="out"/><exclusiveGateway id="more" default="more-out"/><inclusiveGateway id="join"/><endEvent id="e"/>'
        '<scriptTask id="count"><script>n = n + 1</script></scriptTask>',
        WORK_BEFORE,
        n=0,
    )
    alone.do(case, "a")
    assert bool(alone.completed(case, "join")) is is_early


def test_work_that_a_join_does_not_see_is_explained() -> None:
    part = Block("loop", (Block("service"),), times=2)
    assert of_block(Block("or", (USER, part, USER), frozenset({0, 1}))) == {"unseen_work"}


MERGE_BEFORE = """
    start -> split
    split -> a : {true}
    split -> which : {true}
    a -> join -> end
    which -> x -> merge -> join
    which -> y : {true}
    y -> leave -> merge
    leave -> away : {false}
"""


def test_alone_an_inclusive_join_looks_back_along_the_first_flow_only() -> None:
    case = alone.started(
        '<startEvent id="start"/><inclusiveGateway id="split"/><userTask id="a"/><exclusiveGateway id="which" default="which-x"/>'
        '<userTask id="x"/><userTask id="y"/><exclusiveGateway id="leave" default="leave-merge"/><exclusiveGateway id="merge"/>'
        '<endEvent id="away"/><inclusiveGateway id="join"/><endEvent id="end"/>',
        MERGE_BEFORE.format(true="True", false="False"),
    )
    alone.do(case, "a")
    assert (alone.completed(case, "join"), alone.ready(case)) == (1, ["y"])


def test_what_a_join_overlooks_is_explained() -> None:
    tasks = [make(model.UserTask, each) for each in ("a", "x", "y")]
    gateways = [
        make(model.InclusiveGateway, "split"),
        make(model.ExclusiveGateway, "which", default="which-x"),
        make(model.ExclusiveGateway, "leave", default="leave-merge"),
        make(model.ExclusiveGateway, "merge"),
        make(model.InclusiveGateway, "join"),
        make(model.EndEvent, "away"),
    ]
    definition = simple([*tasks, *gateways], MERGE_BEFORE.format(true="true", false="false"))
    assert explained(opinion(definition, "[{task: a, by: ann}, {task: y, by: ann}]")) == "looks_back"


# -- events at the boundary -------------------------------------------------------------------------------------------------------------


def test_alone_what_is_interrupted_from_inside_goes_on() -> None:
    inside = (
        '<startEvent id="hs"/><intermediateThrowEvent id="throw"><escalationEventDefinition escalationRef="x"/></intermediateThrowEvent>'
        '<scriptTask id="after"><script>z = 1</script></scriptTask><userTask id="task"/><endEvent id="he"/>'
    )
    case = alone.started(
        '<startEvent id="s"/><endEvent id="e"/><endEvent id="e2"/>'
        + alone.sub("host", inside, "hs -> throw -> after -> task -> he")
        + '<boundaryEvent id="event" attachedToRef="host"><escalationEventDefinition escalationRef="x"/></boundaryEvent>',
        "s -> host -> e\nevent -> e2",
        '<escalation id="x" name="x" escalationCode="x"/>',
    )
    # the script ran although the host was interrupted before
    assert (alone.completed(case, "after"), alone.completed(case, "e2"), alone.ready(case)) == (1, 1, [])


def test_what_goes_on_after_an_interruption_is_explained() -> None:
    inside = [
        make(model.ThrowEvent, "throw", scope="host", result=escalation("x")),
        make(model.UserTask, "task", scope="host"),
    ]
    event = make(model.BoundaryEvent, "event", attached_to="host", trigger=escalation("x"))
    flows = "start -> host -> end\nhost_start -> throw -> task -> host_end\nevent -> end"
    found = opinion(simple([*sub("host", *inside), event], flows), "[]")
    assert explained(found) == "after_interruption"
    assert found.element == "task"


def test_alone_a_boundary_event_that_does_not_interrupt_comes_once() -> None:
    case = alone.started(
        '<startEvent id="s"/><userTask id="host"/><userTask id="told"/><endEvent id="e"/><endEvent id="e2"/>'
        '<boundaryEvent id="event" attachedToRef="host" cancelActivity="false"><messageEventDefinition messageRef="m"/></boundaryEvent>',
        "s -> host -> e\nevent -> told -> e2",
        '<message id="m" name="m"/>',
    )
    assert len(case.waiting_events()) == 1
    alone.come(case, "event")
    assert alone.ready(case) == ["host", "told"]
    # the host is still at work, and the message could come again
    assert case.waiting_events() == []


def test_a_boundary_event_that_comes_again_is_explained() -> None:
    tasks = [make(model.UserTask, "host"), make(model.Task, "told"), make(model.EndEvent, "over")]
    event = make(model.BoundaryEvent, "event", attached_to="host", trigger=message("m", '"k"'), is_interrupting=False)
    definition = simple([*tasks, event], "start -> host -> end\nevent -> told -> over")
    found = opinion(definition, "[{message: m, to: event}, {message: m, to: event}, {task: host, by: ann}]")
    assert explained(found) == "once"


def test_alone_what_a_cycle_began_is_dropped_with_its_host() -> None:
    case = alone.started(
        '<startEvent id="s"/><userTask id="host"/><userTask id="remind"/><endEvent id="e"/><endEvent id="e2"/>'
        '<boundaryEvent id="event" attachedToRef="host" cancelActivity="false"><timerEventDefinition>'
        '<timeCycle xsi:type="tFormalExpression">"R2/2020-01-01T00:00:00+00:00/PT1H"</timeCycle></timerEventDefinition></boundaryEvent>',
        "s -> host -> e\nevent -> remind -> e2",
    )
    assert "remind" in alone.ready(case)
    alone.do(case, "host")
    # somebody was still to be reminded
    assert (alone.ready(case), case.is_completed()) == ([], True)


def test_what_a_cycle_began_is_explained() -> None:
    tasks = [make(model.UserTask, "host"), make(model.UserTask, "remind")]
    event = make(
        model.BoundaryEvent, "event", attached_to="host", trigger=timer("cycle", '"R2/PT1H"'), is_interrupting=False
    )
    ends = make(model.EndEvent, "reminded")
    definition = simple([*tasks, event, ends], "start -> host -> end\nevent -> remind -> reminded")
    found = opinion(definition, "[{timer: event}, {task: host, by: ann}, {task: remind, by: ann}]", end="reminded")
    assert explained(found) == "cycle"


# -- what is too large ------------------------------------------------------------------------------------------------------------------


def blocks_in_a_row(count: int) -> model.Model:
    nodes = [make(model.UserTask, "task")]
    flows, last = [], "start"
    for number in range(count):
        split, join = f"split{number}", f"join{number}"
        nodes += [make(model.ParallelGateway, split), make(model.ParallelGateway, join)]
        nodes += [make(model.Task, f"a{number}"), make(model.Task, f"b{number}")]
        flows += [f"{last} -> {split} -> a{number} -> {join}", f"{split} -> b{number} -> {join}"]
        last = join
    return simple(nodes, "\n".join([*flows, f"{last} -> task -> end"]))


def test_a_process_that_explodes_is_not_compared() -> None:
    assert opinion(blocks_in_a_row(3), "[{task: task, by: ann}]").agreement is Agreement.SAME
    found = opinion(blocks_in_a_row(20), "[{task: task, by: ann}]")
    assert [each.reason for each in found.obstacles] == ["large"]


@pytest.mark.long
def test_a_loop_that_grows_too_deep_is_not_compared() -> None:
    nodes = [
        make(model.UserTask, "task"),
        script("count", "n", "if n = null then 1 else n + 1"),
        make(model.ExclusiveGateway, "more", default="more-end"),
        make(model.ExclusiveGateway, "again"),
    ]
    definition = simple(nodes, "start -> again -> task -> count -> more -> end\nmore -> again : n < 400")
    found = opinion(definition, "[" + ", ".join(["{task: task, by: ann}"] * 400) + "]")
    assert [each.reason for each in found.obstacles] == ["large"]
