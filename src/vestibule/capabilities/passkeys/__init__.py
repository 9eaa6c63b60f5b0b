"""Passkeys: signing in by what a device keeps, in one touch.

With the device's own check of its owner a passkey is two factors at once;
without it, the second one beside a password. Source: W3C Web Authentication
Level 2, sections 7.1 and 7.2; NIST SP 800-63B-4 3.1.7 and appendix B.
"""
