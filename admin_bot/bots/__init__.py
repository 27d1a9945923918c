"""Names, texts and pictures of both bots."""
