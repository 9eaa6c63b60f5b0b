#!/usr/bin/env python3
"""The authentication of the auth-service contract."""

import _path  # noqa: F401

from vestibule.auth import Auth

__all__ = ["Auth"]
