"""Conditions for searching by words."""
