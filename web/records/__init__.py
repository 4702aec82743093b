"""What happened: cases with their path and history, and the mails that they sent."""
