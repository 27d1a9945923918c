"""Gift links: what they give, to whom, until when."""
