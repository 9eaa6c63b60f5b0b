"""The allocator: how memory that hashes need again and again is kept.

glibc keeps what it gave out once by itself, but pieces above 32 MiB it
takes from the system each time, and fresh memory makes a hash take twice
as long. Other libraries are left as they are.
"""

import ctypes
import platform

# Numbers of malloc.h, and the limits of an arena of a thread.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT_ANYWAY = 32 * 1024
MOST_IN_ARENA = 60 * 1024
KEEP = {MMAP_THRESHOLD: 256 << 20, TRIM_THRESHOLD: 512 << 20}


def keep_memory(kibibytes: int) -> bool:
    """Have the memory of large hashes kept; tell whether that was asked.

    Only for a process of our own: it concerns all that allocates in it.

    Args:
        kibibytes: what one hash needs. An arena of a thread holds no more
            than 64 MiB, so for more there is nothing to gain.
    """
    if not KEPT_ANYWAY < kibibytes <= MOST_IN_ARENA:
        return False
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(name, value) for name, value in KEEP.items())
