#!/usr/bin/env python3
"""Let these files run from a checkout where nothing is installed."""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
if SOURCE.is_dir() and str(SOURCE) not in sys.path:
    sys.path.append(str(SOURCE))
