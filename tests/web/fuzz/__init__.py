"""Schemathesis over the API of the admin page: every method, good and bad requests, ways through it, by every role."""
