"""Middlewares that every message and button passes before its handler."""
