"""Subscribers: lists, search, corrections by the team, gifts, history."""
