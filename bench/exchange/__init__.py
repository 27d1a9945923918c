"""Figures of files: subscribers imported and exported."""
