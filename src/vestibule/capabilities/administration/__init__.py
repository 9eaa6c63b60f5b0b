"""Administration: what an operator does to accounts from the command line."""
