"""What can happen to an instance. Imperative in meaning; the kernel answers each with events, or refuses it as stale.

``activity`` and ``wait`` are ids that events of the same instance named (``TaskCreated.activity``, ``TimerSet.wait``…). A stimulus
that names what no longer lives raises ``StaleStimulus`` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from engine.errors import Facts, WrongState
from engine.feel import Value

Variables = Mapping[str, Value]


class StaleStimulus(WrongState):
    """What the stimulus names does not live any more."""

    default_code = "stale_stimulus"


class Start(Struct, frozen=True, gc=False):
    """Begin an instance of ``process`` at its plain start event, or at ``start_event``: one that something triggers, a receive task that
    begins instances, or an event after a gateway that does.
    """

    process: str
    variables: Variables = field(default_factory=dict)
    start_event: str | None = None


class CompleteTask(Struct, frozen=True, gc=False):
    """A person (login ``actor``) completed the user task with these answers."""

    activity: str
    actor: str
    variables: Variables = field(default_factory=dict)


class ReturnHandler(Struct, frozen=True, gc=False):
    """The handler gave this result."""

    activity: str
    result: Variables = field(default_factory=dict)


class ThrowError(Struct, frozen=True, gc=False):
    """The handler (or the task) ends with the modelled error ``code``; ``facts`` are what the catcher's outputs can see."""

    activity: str
    code: str
    facts: Facts = field(default_factory=dict)


class FailHandler(Struct, frozen=True, gc=False):
    """The handler failed for good (retries spent): an incident on its activity."""

    activity: str
    code: str
    facts: Facts = field(default_factory=dict)


class FireTimer(Struct, frozen=True, gc=False):
    """The wait's moment has come."""

    wait: str


class ReceiveMessage(Struct, frozen=True, gc=False):
    """A message for the wait."""

    wait: str
    name: str
    payload: Variables = field(default_factory=dict)


class ReceiveSignal(Struct, frozen=True, gc=False):
    """A signal that another instance threw: everything here that waits for it has it. Stale when nothing waits for it."""

    name: str
    payload: Variables = field(default_factory=dict)


class RetryIncident(Struct, frozen=True, gc=False):
    """Try again what led to the incident."""

    incident: str


class CancelInstance(Struct, frozen=True, gc=False):
    """End everything that lives."""

    reason: str


Stimulus = (
    Start
    | CompleteTask
    | ReturnHandler
    | ThrowError
    | FailHandler
    | FireTimer
    | ReceiveMessage
    | ReceiveSignal
    | RetryIncident
    | CancelInstance
)
