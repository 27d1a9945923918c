"""Every call to Telegram (priorities, rate limits, pauses, retries, failures), and taking in its updates."""
