"""Administration: people, roles and groups, service accounts. Every post is one record command (``engine.identity``)."""
