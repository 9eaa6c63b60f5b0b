"""Not me: one step for an owner who finds a stranger in the account.

Source: OWASP ASVS 5.0 6.3.5, 6.3.7, 7.4.3; Authentication Cheat Sheet.
"""
