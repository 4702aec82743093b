"""Mail: how the company sends it, the outbox of letters, sending each once, checkpoints for who keeps them outside."""
