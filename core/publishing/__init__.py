"""What is typed and changed when posts are made ready, by the admin bot and the admin page alike."""
