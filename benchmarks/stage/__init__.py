"""What all measurements share: servers, databases, load and tables."""
