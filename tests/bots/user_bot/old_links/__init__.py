"""Links of another bot in the user bot."""
