"""URL shorteners: what is asked of a provider, what its answer must be, who is asked next when it fails."""
