"""Quotes: what is offered to a customer, at which price, until when, and what the customer answered."""
