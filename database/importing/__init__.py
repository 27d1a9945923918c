"""Subscribers of a file become stored ones, page by page."""
