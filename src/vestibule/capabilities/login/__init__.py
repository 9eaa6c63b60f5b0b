"""Login: proving who one is, and being signed in or held up by a gate."""
