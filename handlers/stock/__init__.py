"""What is on hand, what is reserved, what is short."""
