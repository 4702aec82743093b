"""Pages of articles and their stock."""
