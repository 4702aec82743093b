"""Deliveries and returns: what is prepared, shipped and comes back."""
