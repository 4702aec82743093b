"""What waits for its time: our own table and the promoter (architecture §5: a future job slows every fetch of the queue)."""
