"""Figures of what the team sees and promises: searches, screens, statistics, erasures."""
