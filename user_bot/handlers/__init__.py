"""The user bot's handlers: parse, call one object, show one view."""
