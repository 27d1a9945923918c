"""What stands before the handlers of the admin bot."""
