"""Scripts of the house; the standard library only."""
