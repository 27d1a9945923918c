"""Rules and records of Tollgate: pure, no I/O. Every rule takes the time as an argument."""
