"""One ceiling for all processes of a bot: each takes a share of its calls, by what it has to do."""
