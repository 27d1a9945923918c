"""Reading whole collections for a file."""
