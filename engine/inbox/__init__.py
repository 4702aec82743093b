"""The inbox: who may do which task, who took it (architecture §4, §6)."""
