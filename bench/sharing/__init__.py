"""Several processes of one bot under one ceiling."""
