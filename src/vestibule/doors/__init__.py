"""The doors: pages, JSON and the command line over one set of operations."""
