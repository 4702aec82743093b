"""What a process is: elements, and the readers of the files that say it."""
