"""The database: the embedded PostgreSQL server, transactions, and migrations (architecture §2, §4, §5)."""
