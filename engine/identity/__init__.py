"""Who works here: people, their roles, their passwords, their open web sessions."""
