"""Deletion: an account goes, and everything of it goes along."""
