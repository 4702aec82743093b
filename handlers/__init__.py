"""The data work of Bordereau: what processes ask for by name. ``table.py`` lists it; each folder is one part of the business."""
