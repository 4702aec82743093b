"""Versions of processes: what may be published, what is stored, what is being drafted (architecture §2, style §4)."""
