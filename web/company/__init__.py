"""The page of our own company."""
