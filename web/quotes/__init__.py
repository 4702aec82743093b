"""Pages of quotes: for those who write them, and for the customer who got a link."""
