"""The faults: for each check of the doctor, how an installation is broken.

The page docs/operators/doctor.md prints the sentence of each fault below
the check that finds it.
"""

from faults import accounts, database, files, machine, mail, settings, site
from faults.matrix import FAULTS, Fault

__all__ = ["FAULTS", "GROUPS", "Fault"]

# The matrix is complete once all these are imported.
GROUPS = (accounts, database, files, machine, mail, settings, site)
