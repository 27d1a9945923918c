"""What the team sees of a subscriber."""
