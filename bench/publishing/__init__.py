"""Announcements to many channels, beside a naive loop."""
