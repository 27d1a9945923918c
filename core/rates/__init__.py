"""How the processes of a bot share the calls Telegram allows it: pure rules and records."""
