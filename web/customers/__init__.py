"""Pages of customers."""
