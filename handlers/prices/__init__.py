"""Price lists: what customers of a kind pay for articles instead of the usual price."""
