"""Pages of warehouses, and of what moved the stock of an article."""
