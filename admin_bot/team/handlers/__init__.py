"""What members of the team press and send."""
