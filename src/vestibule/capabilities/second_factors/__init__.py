"""Second factors: a password alone opens no account that has more.

A sign-in that lacks a factor is no session: it waits in a table of its own,
under a token that opens nothing but the pages where the factor is shown.
Source: OWASP ASVS 5.0 6.3.3, 6.3.4; NIST SP 800-63B-4 2.2; OWASP
Multifactor Authentication Cheat Sheet.
"""
