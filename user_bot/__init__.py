"""The user bot: hands posts over to whoever passes the gate, and takes them back in time."""
