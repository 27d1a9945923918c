"""/privacy: what is kept of a subscriber, a copy of it, and its deletion."""
