"""What outlives a restored backup of those who were erased."""
