"""Maintenance: owners close the user bot for some hours."""
