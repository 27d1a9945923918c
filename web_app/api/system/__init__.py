"""`/api/admin/system` and `/api/admin/scheduler`: jobs, backups, exports, maintenance."""
