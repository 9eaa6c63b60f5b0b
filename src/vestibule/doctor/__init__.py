"""The doctor: finds what is wrong with an installation, and says the fix.

It looks and never changes anything. Source: OWASP ASVS 5.0, V12 and V13.
"""
