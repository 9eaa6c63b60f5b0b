#!/usr/bin/env python3
"""What ``flask run`` finds in a checkout: the development application."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from vestibule.doors.server import development_app

app = development_app()
