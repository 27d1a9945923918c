"""Erasing a subscriber, and handing out what is kept of one."""
