"""Passwords: what may be one, how it is hashed, and how it is changed.

Source: NIST SP 800-63B-4 3.1.1; OWASP ASVS 5.0 6.2 and 11.4.2.
"""
