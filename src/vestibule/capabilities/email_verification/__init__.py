"""E-mail verification: an address is an account's once its reader says so.

Source: OWASP ASVS 5.0 6.3.7, 6.4.3.
"""
