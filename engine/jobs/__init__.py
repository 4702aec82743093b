"""Background jobs by Procrastinate (architecture §5): deferring in our transaction, the fence of effects, retries, the reaper."""
