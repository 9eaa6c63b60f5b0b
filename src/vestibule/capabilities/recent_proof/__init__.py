"""Recent proof: it is still you, before acts that cannot be taken back.

Source: OWASP ASVS 5.0 7.5; NIST SP 800-63B-4 2.2.3; RFC 9470.
"""
