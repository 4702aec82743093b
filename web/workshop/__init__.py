"""Processes: their versions, and the editor for process owners."""
