"""`/api/admin/settings`."""
