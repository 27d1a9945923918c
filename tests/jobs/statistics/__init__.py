"""The jobs of the statistics."""
