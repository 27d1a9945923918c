"""Middlewares of the admin bot."""
