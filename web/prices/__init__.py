"""Pages of price lists."""
