"""Replenishment requests and supplier orders."""
