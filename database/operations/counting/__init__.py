"""Counting events: tries, the batches that add events to the counts once, and the counts of posts by day."""
