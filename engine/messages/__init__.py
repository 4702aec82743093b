"""Messages and signals: who waits for which one, and what was sent (architecture §4, *Messages*)."""
