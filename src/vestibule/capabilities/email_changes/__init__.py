"""E-mail changes: a new address, and the old one's right to undo it.

Source: OWASP ASVS 5.0 6.3.7; Authentication Cheat Sheet, change of e-mail.
"""
