"""Parts of sending a broadcast."""
