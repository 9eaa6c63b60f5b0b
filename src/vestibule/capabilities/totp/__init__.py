"""Authenticator apps: codes of six digits that change every 30 seconds.

Source: RFC 6238; OWASP ASVS 5.0 6.5; NIST SP 800-63B-4 3.1.4.
"""
