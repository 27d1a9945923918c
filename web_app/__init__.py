"""What a browser sees: the verification page. Knows no Telegram."""
