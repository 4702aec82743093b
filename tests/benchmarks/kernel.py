"""The bare kernel: an instance of the reference process against SpiffWorkflow, many tasks at once, many parallel blocks in a row.

What was changed in the reference process for SpiffWorkflow, which knows no FEEL and no handlers:

* a service task is a script task that calls the same Python function and puts its result where the output mapping does;
* the condition and the duration are said in Python, and the collection of the multi-instance in BPMN's own elements;
* both run in memory: nothing is written, neither a state nor a history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.util.task import TaskState

from engine.feel import Environment
from engine.kernel import Run, State, Stimulus, advance
from engine.model.bpmn_reader import read_processes
from engine.model.elements import EndEvent, Flow, Model, Node, ParallelGateway, Process, StartEvent, UserTask
from engine.protocol.events import HandlerRequested, TaskCreated
from engine.protocol.stimuli import CompleteTask, ReturnHandler, Start
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.languages import INPUTS
from tests.benchmarks.measure import BLOCKS, Spread, cpu
from tests.benchmarks.steps import ANSWERS

ENVIRONMENT = Environment(now=datetime(2026, 11, 21, 12, tzinfo=UTC))
FEW, MANY = 10, 1_000
BLOCKS_IN_A_ROW = 20
_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_HERE, _THERE = 45, 3
"""Instances of the reference process in a block: about as long on both sides. Each side begins with caches of the processor that the other
has filled, which takes the first instance half as long again; a side of few instances would pay a larger share of that.
"""

HANDLERS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "bench.validate": lambda order: {"valid": bool(order["lines"])},
    "bench.credit": lambda amount: {"credit_ok": amount < 1_000_000},
    "bench.reserve": lambda lines: {"reservation": f"R{len(lines)}"},
    "bench.pick": lambda line: {"picked_quantity": line["quantity"]},
    "bench.invoice": lambda order: {"invoice_number": f"F{len(order['lines'])}"},
    "bench.send": lambda invoice_number: {},
    "bench.post": lambda invoice_number: {"entry": f"E{invoice_number}"},
}
SCRIPTS = {
    "validate_order": 'valid = call("bench.validate", order=order)["valid"]',
    "check_credit": 'credit_ok = call("bench.credit", amount=order["amount"])["credit_ok"]',
    "reserve_stock": 'lines = order["lines"]\nreservation = call("bench.reserve", lines=lines)["reservation"]',
    "pick_item": 'picked_quantity = call("bench.pick", line=line)["picked_quantity"]',
    "prepare_invoice": 'invoice_number = call("bench.invoice", order=order)["invoice_number"]',
    "send_invoice": 'call("bench.send", invoice_number=invoice_number)',
    "post_entry": 'entry = call("bench.post", invoice_number=invoice_number)["entry"]',
}
"""The service tasks of the reference process in Python."""

RESULTS = ("valid", "credit_ok", "reservation", "invoice_number", "entry", "picked", "approved", "shipped")


def _call(name: str, **given: Any) -> dict[str, Any]:
    return HANDLERS[name](**given)


# -- the reference process ----------------------------------------------------------------------------------------------------


def whole() -> Iterator[Figure]:
    """One instance of the reference process from its start to its end, here and there, with the same variables at the end."""
    (process,) = read_processes((INPUTS / "o2c-30.bpmn").read_bytes(), "o2c-30.bpmn")
    model = Model(processes={process.id: process})
    spec = their_process()
    ours, theirs = run_here(model), run_there(spec)
    for name in RESULTS:
        if ours[name] != theirs[name]:
            raise AssertionError(f"{name}: {ours[name]} here, {theirs[name]} there")
    here, there = [], []
    for _ in range(BLOCKS):
        here.append(cpu(lambda: run_here(model), _HERE))
        there.append(cpu(lambda: run_there(spec), _THERE))
    yield Figure("kernel.o2c_30.spiffworkflow_vs_ours", Spread.of_ratio(there, here), goal=Goal(">=", 15))
    yield Figure("kernel.o2c_30.time", Spread.of([1e3 * each for each in here]), "ms")
    yield Figure("kernel.o2c_30.spiffworkflow.time", Spread.of([1e3 * each for each in there]), "ms")


def run_here(model: Model) -> dict[str, Any]:
    """The variables at the end of an instance of the reference process."""
    run = Run(model, None, ENVIRONMENT)
    waiting: deque[HandlerRequested | TaskCreated] = deque()
    stimulus: Stimulus = Start("o2c_30")
    while True:
        for event in run.answer(stimulus):
            if type(event) is HandlerRequested or type(event) is TaskCreated:
                waiting.append(event)
        if not waiting:
            return run.state.root_variables
        asked = waiting.popleft()
        if type(asked) is HandlerRequested:
            stimulus = ReturnHandler(asked.activity, HANDLERS[asked.handler](**asked.given))
        else:
            stimulus = CompleteTask(asked.activity, "bench", ANSWERS[asked.element])


def their_process() -> Any:
    """The reference process as SpiffWorkflow reads it."""
    root = etree.fromstring((INPUTS / "o2c-30.bpmn").read_bytes())
    for task in list(root.iter(f"{{{_BPMN}}}serviceTask")):
        task.tag = f"{{{_BPMN}}}scriptTask"
        etree.SubElement(task, f"{{{_BPMN}}}script").text = SCRIPTS[task.get("id") or ""]
    for many in root.iter(f"{{{_BPMN}}}multiInstanceLoopCharacteristics"):
        for child in list(many):
            many.remove(child)
        etree.SubElement(many, f"{{{_BPMN}}}loopDataInputRef").text = "lines"
        etree.SubElement(many, f"{{{_BPMN}}}loopDataOutputRef").text = "picked"
        etree.SubElement(many, f"{{{_BPMN}}}inputDataItem", name="line", id="line")
        etree.SubElement(many, f"{{{_BPMN}}}outputDataItem", name="picked_quantity", id="picked_quantity")
    for condition in root.iter(f"{{{_BPMN}}}conditionExpression"):
        condition.text = 'valid and credit_ok and order["amount"] < 100000'
    for duration in root.iter(f"{{{_BPMN}}}timeDuration"):
        duration.text = '"PT48H"'
    parser = BpmnParser()
    parser.add_bpmn_io(BytesIO(etree.tostring(root)))
    return parser.get_spec("o2c_30")


def run_there(spec: Any) -> dict[str, Any]:
    """The same in SpiffWorkflow."""
    workflow = BpmnWorkflow(spec, script_engine=PythonScriptEngine(TaskDataEnvironment({"call": _call})))
    workflow.do_engine_steps()
    while not workflow.completed:
        (task,) = workflow.get_tasks(state=TaskState.READY, manual=True)
        task.data.update(ANSWERS[task.task_spec.name])
        task.run()
        workflow.do_engine_steps()
    return dict(workflow.data)


# -- many at once -------------------------------------------------------------------------------------------------------------


def _process(nodes: list[Node], paths: list[tuple[str, ...]]) -> Model:
    """A process of nodes without flows, and the paths between them."""
    flows = [
        Flow(id=f"{source}-{target}", name="", source=source, target=target)
        for path in paths
        for source, target in pairwise(path)
    ]
    joined = {
        node.id: type(node)(
            id=node.id,
            name=node.id,
            scope="p",
            incoming=tuple(each.id for each in flows if each.target == node.id),
            outgoing=tuple(each.id for each in flows if each.source == node.id),
        )
        for node in nodes
    }
    process = Process(id="p", name="p", nodes=joined, flows={each.id: each for each in flows})
    return Model(processes={"p": process})


def _node(kind: type[Node], id_: str) -> Node:
    return kind(id=id_, name=id_, scope="p")


def _side_by_side(tasks: int) -> Model:
    ends = [
        _node(StartEvent, "start"),
        _node(ParallelGateway, "split"),
        _node(ParallelGateway, "join"),
        _node(EndEvent, "end"),
    ]
    names = [f"u{number}" for number in range(tasks)]
    paths: list[tuple[str, ...]] = [("start", "split"), ("join", "end"), *(("split", name, "join") for name in names)]
    return _process([*ends, *(_node(UserTask, name) for name in names)], paths)


def parallel_tasks() -> Iterator[Figure]:
    """So many user tasks side by side: what each of them costs when they begin, and when the state with all of them is read and written."""
    models = {tasks: _side_by_side(tasks) for tasks in (FEW, MANY)}

    def begin(tasks: int) -> State:
        return advance(models[tasks], None, Start(process="p"), ENVIRONMENT)[0]

    def step(state: State, tasks: int) -> None:
        read = State.from_text(state.to_text())
        first = next(iter(read.activities))
        advance(models[tasks], read, CompleteTask(activity=first, actor="bench"), ENVIRONMENT)

    states = {tasks: begin(tasks) for tasks in models}
    for tasks, state in states.items():
        if len(state.activities) != tasks:
            raise AssertionError(f"{len(state.activities)} tasks instead of {tasks}")
    begun: dict[int, list[float]] = {FEW: [], MANY: []}
    stepped: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(BLOCKS):
        for tasks, times in ((FEW, MANY // FEW), (MANY, 1)):
            begun[tasks].append(cpu(lambda tasks=tasks: begin(tasks), times) / tasks)  # type: ignore[misc]
            stepped[tasks].append(cpu(lambda tasks=tasks: step(states[tasks], tasks), times) / tasks)  # type: ignore[misc]
    yield Figure(
        "kernel.parallel_tasks.begin_1000_vs_10", Spread.of_ratio(begun[MANY], begun[FEW]), goal=Goal("<=", 1.5)
    )
    yield Figure(
        "kernel.parallel_tasks.step_1000_vs_10", Spread.of_ratio(stepped[MANY], stepped[FEW]), goal=Goal("<=", 1.5)
    )
    yield Figure("kernel.parallel_tasks.begin", Spread.of([1e6 * each for each in begun[MANY]]), "us", note="per task")
    yield Figure(
        "kernel.parallel_tasks.step", Spread.of([1e6 * each for each in stepped[MANY]]), "us", note="per live task"
    )


def parallel_blocks() -> Iterator[Figure]:
    """The largest state on the way through parallel blocks one after the other, each of two tasks: kilobytes, which never vary."""
    nodes, paths, last = [_node(StartEvent, "start"), _node(EndEvent, "end")], [], "start"
    for number in range(BLOCKS_IN_A_ROW):
        split, join, tasks = f"split{number}", f"join{number}", (f"u{number}", f"v{number}")
        nodes += [
            _node(ParallelGateway, split),
            _node(ParallelGateway, join),
            *(_node(UserTask, each) for each in tasks),
        ]
        paths += [(last, split), *((split, each, join) for each in tasks)]
        last = join
    model = _process(nodes, [*paths, (last, "end")])

    def through() -> int:
        state, _ = advance(model, None, Start(process="p"), ENVIRONMENT)
        largest = 0
        while not state.is_ended:
            largest = max(largest, len(state.to_text()))
            first = next(iter(state.activities))
            state, _ = advance(model, state, CompleteTask(activity=first, actor="bench"), ENVIRONMENT)
        return largest

    largest = through()
    times = [cpu(through) for _ in range(BLOCKS)]
    yield Figure(
        "kernel.parallel_blocks.state_vs_4_kb", Spread.of([largest / 4096]), goal=Goal("<=", 1), note=f"{largest} bytes"
    )
    yield Figure(
        "kernel.parallel_blocks.time", Spread.of([1e3 * each for each in times]), "ms", note="20 blocks, 40 tasks"
    )
