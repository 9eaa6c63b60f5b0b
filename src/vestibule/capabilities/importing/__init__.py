"""Importing: bringing accounts over from another system, with their hashes.

Source: RFC 4180 (CSV), RFC 8259 (JSON), RFC 3339 (moments).
"""
