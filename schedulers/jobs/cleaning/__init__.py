"""Jobs that only delete what is of no use any more."""
