"""The commands of the business below ``bordereau``. What is not listed here does not exist."""

from __future__ import annotations

from engine.command import Command

COMMANDS = (Command(area="invoices", act="verify", run="handlers.invoices.verifying:command"),)
