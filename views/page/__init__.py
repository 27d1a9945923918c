"""What the admin page says, one file a view; the page fetches them as JSON, in the member's language."""
