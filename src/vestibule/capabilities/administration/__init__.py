"""Administration: looking after accounts and feedback."""
