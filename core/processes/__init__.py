"""Several processes of one bot: what they agree on through the database."""
