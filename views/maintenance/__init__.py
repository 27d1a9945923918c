"""Maintenance: its screens."""
