#!/usr/bin/env python3
"""The database of the auth-service contract."""

import _path  # noqa: F401

from vestibule.db import DB

__all__ = ["DB"]
