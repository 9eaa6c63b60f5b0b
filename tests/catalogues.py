"""The catalogues that tests are marked with, as their pages read them."""

import importlib
import sys
from types import ModuleType

from processes import ROOT


def script(name: str) -> ModuleType:
    """Load one of the modules that write pages of the documentation."""
    sys.path.insert(0, str(ROOT / "script"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "script"))
