"""Pictures: everybody may show one, and it is drawn anew before it is kept.

Source: OWASP File Upload Cheat Sheet; OWASP ASVS 5.0 chapter 5.
"""
