"""Scripts around the product; they use only the standard library."""
