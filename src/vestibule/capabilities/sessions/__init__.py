"""Sessions: who is signed in, kept on the server only as fingerprints.

Source: OWASP ASVS 5.0 chapter 7; NIST SP 800-63B-4 section 5.
"""
