"""Broadcasts: speed and memory, beside naive ways to send to many."""
