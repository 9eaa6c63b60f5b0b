"""Export: all that is kept of somebody, for them to take along.

Source: GDPR articles 15 and 20; OWASP ASVS 5.0 14.2.
"""
