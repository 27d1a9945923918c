"""Subscribers and the team."""
