"""Pages of payments: what came in, what it pays, and the accounts of customers."""
