"""What the processes of a bot agree on about its calls."""
