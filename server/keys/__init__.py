"""API keys: those that the server accepts, how much each may use, and making new ones."""
