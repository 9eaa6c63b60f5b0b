"""Recovery codes: ten on paper, for whoever has lost the second factor.

Source: OWASP ASVS 5.0 6.5.1, 6.5.2, 6.5.3; NIST SP 800-63B-4 4.2.1.1.
"""
