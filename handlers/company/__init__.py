"""Our own company: who we are on documents, where money goes, what we ask of those who pay late."""
