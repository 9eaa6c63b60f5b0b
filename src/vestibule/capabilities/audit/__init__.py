"""Audit: the history as a chain that shows whether anybody changed it.

Source: OWASP ASVS 5.0 16.2, 16.4.2; NIST SP 800-92 section 4.2.
"""
