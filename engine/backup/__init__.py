"""Backups: one file with all that a company needs to go on elsewhere, and bringing it back, verified (``docs/backup.md``)."""
