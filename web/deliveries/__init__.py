"""Deliveries: what the warehouse picks and ships, and what comes back."""
