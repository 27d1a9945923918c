"""When a call to Telegram may leave: turns, lanes, rate limits, pauses, retries."""
