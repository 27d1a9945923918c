"""The user bot: delivers posts to subscribers who pass the gate, and deletes them in time."""
