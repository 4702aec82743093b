"""Orders of customers: what was ordered, at which price, and how far it is."""
