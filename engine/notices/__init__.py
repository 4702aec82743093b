"""Notices: what happened that somebody should hear of by mail, derived after the fact from what is recorded; never in a step."""
