"""The one door to Telegram: lanes, ceilings, pauses, retries and what a failure means."""
