"""What waits for a person: the inbox, a task with its form, starting a process."""
