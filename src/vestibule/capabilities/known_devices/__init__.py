"""Known devices: where an account has signed in before.

Source: OWASP ASVS 5.0 6.3.1, 6.3.5; OWASP Authentication Cheat Sheet,
"Device cookies".
"""
