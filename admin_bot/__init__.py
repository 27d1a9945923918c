"""The admin bot: turns whatever an owner sends into a post with a link, and manages posts and settings."""
