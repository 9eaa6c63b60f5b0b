"""Preferences: the language and the look that somebody has chosen.

Source: WCAG 2.2 3.1.1, 3.1.2; RFC 9110 12.5.4.
"""
