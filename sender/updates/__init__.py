"""Taking in Telegram's updates: no more than fit, held through outages, confirmed once they are safe."""
