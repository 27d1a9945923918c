"""What the team decides about broadcasts that were confirmed."""
