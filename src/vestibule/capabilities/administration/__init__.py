"""Looking after accounts and feedback, on pages and from the command line."""
