"""A local Telegram for bots under test: Bot API server, control API and chat page. See README.md."""
