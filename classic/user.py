#!/usr/bin/env python3
"""The user model of the auth-service contract."""

import _path  # noqa: F401

from vestibule.user import User

__all__ = ["User"]
