"""Health findings, incidents, and the troubles owners see first."""
