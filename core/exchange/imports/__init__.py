"""Subscribers from a file of another program: its letters, its lines, its columns, and who each line is. Pure."""
