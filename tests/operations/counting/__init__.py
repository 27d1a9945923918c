"""Counting events."""
