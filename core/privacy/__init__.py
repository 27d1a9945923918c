"""What is kept of people: which collection, how long, and what an erasure does with it."""
