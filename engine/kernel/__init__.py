"""The token kernel: ``advance(model, state, stimulus, environment)`` gives the next state and the events that led there.

Decide and evolve: ``moves`` decides and emits events, ``fold.apply`` alone writes state. Pure and deterministic.
"""

from engine.kernel.advance import Run, advance
from engine.kernel.fold import fold
from engine.kernel.state import Activity, Phase, State, Wait
from engine.model.values import ValueNotStorable, storable
from engine.protocol.events import Event, from_record, to_record
from engine.protocol.stimuli import StaleStimulus, Stimulus

__all__ = [
    "Activity",
    "Event",
    "Phase",
    "Run",
    "StaleStimulus",
    "State",
    "Stimulus",
    "ValueNotStorable",
    "Wait",
    "advance",
    "fold",
    "from_record",
    "storable",
    "to_record",
]
