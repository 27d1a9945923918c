"""URL shorteners as owners manage them: the stored record, its address and key, its counts."""
