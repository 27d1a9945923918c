"""Handlers of the admin bot: each module builds one fresh router."""
