"""Publishing posts, as both the admin bot and the admin page do it: what is shown, offered, confirmed, decided."""
