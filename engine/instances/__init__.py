"""Running instances: the transaction of a step, the commands of people, the bodies of jobs, what pages read (architecture §4)."""
