"""The health check: what it looks at, and what it does with what it finds."""
