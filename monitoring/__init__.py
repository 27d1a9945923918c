"""Metrics, logs, alerts."""
