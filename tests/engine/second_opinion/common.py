"""Random processes of the subset that both engines know: the blocks of the kernel's generator, with scripts that write variables; cases of
them, recorded and told as stories.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from msgspec import structs

from engine.feel import Value
from engine.kernel import Event, State, Stimulus, advance
from engine.model import elements as model
from engine.protocol.stimuli import CompleteTask, ReturnHandler
from engine.stories import Recorded, Story, read_story, recorded
from tests.engine.kernel import blocks
from tests.engine.kernel.blocks import AROUND, BRANCHES, EVENTS, INSIDE, TASKS, Block
from tests.engine.kernel.building import Run, at, feel, maps
from tests.engine.kernel.drawing_events import draw
from tests.engine.kernel.playing import Player

ONE_PART = ("loop", "link", "signal", *INSIDE, *AROUND[:2], "terminate", "error end")
KINDS = ("sequence", "race", *BRANCHES, *BRANCHES, *ONE_PART, *AROUND[:2])
"""Blocks that can be translated: no event sub-process, condition, compensation, quantity, discriminator, behaviour."""
HAPPENING = tuple(each for each in EVENTS if each != "condition")
PAUSES = (0, 0, 1, 90, 4_000, 100_000)
"""Seconds between two things that happen."""
LARGEST = 12


def common_block(chance: Random, size: int) -> Block:
    """A block of about ``size`` blocks."""
    if size <= 1:
        return Block(chance.choice(TASKS))
    kind = chance.choice(KINDS)
    if kind in ONE_PART:
        events = HAPPENING[:5] if kind == "on a task" else HAPPENING
        return Block(
            kind,
            (common_block(chance, size - 1),),
            times=chance.randint(0 if kind in INSIDE else 1, 3),
            happens=kind != "sub" and chance.random() < 0.6,
            event=chance.choice([each for each in events if kind != "on a task" or each != "escalation"]),
            interrupts=chance.random() < 0.5,
        )
    count = chance.randint(2, 3)
    parts = tuple(common_block(chance, (size - 1) // count) for _ in range(count))
    if kind == "sequence":
        return Block(kind, parts)
    chosen = set(chance.sample(range(count), chance.randint(1, count)))
    return Block(kind, parts, frozenset({min(chosen)} if kind in ("xor", "race") else chosen))


def random_block(seed: int) -> Block:
    """The block of a seed."""
    chance = Random(seed)
    return common_block(chance, chance.randint(1, LARGEST))


def whole_block(seed: int) -> Block:
    """One with everything that the kernel knows, whether or not SpiffWorkflow does."""
    chance = Random(seed)
    return blocks.random_block(chance, chance.randint(1, LARGEST))


class _Plain(Run):
    """A run without the checks of each step, which the kernel's own tests make."""

    def __call__(self, stimulus: Stimulus) -> tuple[Event, ...]:
        return self._take(self.state, stimulus)

    def _take(self, state: State | None, stimulus: Stimulus) -> tuple[Event, ...]:
        self.state, happened = advance(self.model, state, stimulus, at(self.now))
        self.events.extend(happened)
        return happened


def case_of(block: Block, seed: int, *, is_writing: bool = True) -> tuple[model.Model, Story]:
    """A case of the process of a block, in a random order of ready work, to its end; ``is_writing``: with variables of all kinds."""
    chance = Random(f"{seed} case")
    definition, drawing = draw(block)
    definition = _writing(definition, chance) if is_writing else definition
    run = _Plain(definition, **drawing.variables)
    player = Player(run, drawing)
    history = [Recorded(at=run.now, actor="x", event=each) for each in run.events]
    while not run.state.is_ended:
        run.now += timedelta(seconds=chance.choice(PAUSES))
        stimulus = chance.choice(player.ready())
        run(_answering(stimulus, chance) if is_writing else stimulus)
        history += [Recorded(at=run.now, actor="x", event=each) for each in run.events[len(history) :]]
    text = recorded(run.model, history, {"fr": "Un cas", "en": "A case"}, at)
    return definition, read_story(text.encode(), "stories/case.yaml")


def _answering(stimulus: Stimulus, chance: Random) -> Stimulus:
    """With an answer now and then."""
    answer: dict[str, Value] = {chance.choice("xyz"): Decimal(chance.randint(0, 9))}
    if isinstance(stimulus, CompleteTask) and chance.random() < 0.4:
        return structs.replace(stimulus, variables=answer)
    if isinstance(stimulus, ReturnHandler) and chance.random() < 0.4:
        return structs.replace(stimulus, result=answer)
    return stimulus


def _writing(definition: model.Model, chance: Random) -> model.Model:
    """The same with scripts, mappings and multi-instances that write one of a few variables, some of what another holds."""
    processes = {}
    for process in definition.processes.values():
        nodes = {node.id: _mapping(node, chance) for node in process.nodes.values()}
        processes[process.id] = replace(process, nodes=nodes)
    return replace(definition, processes=processes)


def _mapping(node: model.Node, chance: Random) -> model.Node:
    is_chosen = chance.random() < 0.4
    match node:
        case model.ScriptTask(result_variable="done"):
            source = chance.choice(("1", "2", "if x = null then 0 else x + 1", "[y]", "{a: z}"))
            return replace(node, result_variable=chance.choice("xyz"), expression=feel(source))
        case model.UserTask() | model.ServiceTask() | model.BoundaryEvent() | model.ReceiveTask() if is_chosen:
            return replace(node, outputs=maps(**{chance.choice(("y", "z__a")): chance.choice(("x", "y", "3"))}))
        case model.Activity(multi_instance=model.MultiInstance() as many) if is_chosen and not node.outputs:
            gathered = replace(many, output_collection="w", output_element=feel(chance.choice(("x", "y", "item"))))
            return replace(node, multi_instance=gathered)
        case model.CallActivity() if is_chosen:
            return replace(node, outputs=maps(z="x"), inputs=maps(y="x"))
        case model.SubProcess(is_event=False) if is_chosen and not node.inputs:
            return replace(node, inputs=maps(x=chance.choice(("y", "7"))), outputs=chance.choice(((), maps(y="x"))))
    return node
