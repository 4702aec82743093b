"""What can happen to an instance. Imperative in meaning; the kernel answers each with events, or refuses it as stale.

``activity`` and ``wait`` are ids that events of the same instance named (``TaskCreated.activity``, ``TimerSet.wait``…). A stimulus
that names what no longer lives raises ``StaleStimulus`` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from engine.errors import Facts, WrongState
from engine.feel import Value
from engine.protocol.facts import fact

Variables = Mapping[str, Value]


class StaleStimulus(WrongState):
    """What the stimulus names does not live any more."""

    default_code = "stale_stimulus"


@fact
class Start:
    """Begin an instance of ``process`` at its plain start event, or at ``start_event``: one that something triggers, a receive task that
    begins instances, or an event after a gateway that does.
    """

    process: str
    variables: Variables = field(default_factory=dict)
    start_event: str | None = None


@fact
class CompleteTask:
    """A person (login ``actor``) completed the user task with these answers."""

    activity: str
    actor: str
    variables: Variables = field(default_factory=dict)


@fact
class ReturnHandler:
    """The handler gave this result."""

    activity: str
    result: Variables = field(default_factory=dict)


@fact
class ThrowError:
    """The handler (or the task) ends with the modelled error ``code``; ``facts`` are what the catcher's outputs can see."""

    activity: str
    code: str
    facts: Facts = field(default_factory=dict)


@fact
class FailHandler:
    """The handler failed for good (retries spent): an incident on its activity."""

    activity: str
    code: str
    facts: Facts = field(default_factory=dict)


@fact
class FireTimer:
    """The wait's moment has come."""

    wait: str


@fact
class ReceiveMessage:
    """A message for the wait."""

    wait: str
    name: str
    payload: Variables = field(default_factory=dict)


@fact
class ReceiveSignal:
    """A signal that another instance threw: everything here that waits for it has it. Stale when nothing waits for it."""

    name: str
    payload: Variables = field(default_factory=dict)


@fact
class RetryIncident:
    """Try again what led to the incident."""

    incident: str


@fact
class CancelInstance:
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
