"""Customers and prospects: whom we sell to, where they are, whom we talk to there."""
