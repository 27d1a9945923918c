"""Every operation of `database/`: what it asks the server, and what the answer costs."""
