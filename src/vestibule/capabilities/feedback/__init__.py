"""Feedback: what people say of the site, to read, change and take back."""
