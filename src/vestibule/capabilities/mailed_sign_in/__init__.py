"""Mailed sign-in: a code or link from a letter in place of the password.

It is off unless the operator turns it on. It is a first proof alone: a
second factor is asked for as after a password.
Source: OWASP ASVS 5.0 6.5.1, 6.5.5, 6.6.2, 6.6.3.
"""
