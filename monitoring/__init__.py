"""Metrics, logs, alerts, health of a process, and charts."""
