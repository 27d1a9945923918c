"""Configured times of jobs: lines of cron, and what the configuration says of each job."""
