"""Recovery after kill -9, beside a naive script."""
