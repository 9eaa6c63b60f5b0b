"""Password reset: a new password for whoever reads the account's mail.

Source: OWASP Forgot Password Cheat Sheet; ASVS 5.0 6.4.
"""
