"""A hypothesis machine over the admin bot: random updates by everybody, and what must hold after each."""
