"""Registration: how somebody gets an account."""
