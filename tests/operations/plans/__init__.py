"""Every operation of `database/`: its queries, and how much the server reads for them."""
