"""What is made once for all the applications of a process.

Every test has an application and a database of its own. To make them anew
would take longer than most tests: to compile the pages, the addresses and
the statements, which are the same each time.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

# More than all the statements of both databases together.
MOST_STATEMENTS = 3000
BUILDER = "_compile_builder"
MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30


class TemplatesCompiledOnce(BytecodeCache):
    """The pages, compiled, by what stands in their sources."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template that was compiled from the same source."""
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        self.compiled[bucket.key] = bucket.bytecode_to_string()


class StatementsCompiledOnce(LRUCache[Any, Any]):
    """The statements, compiled, by the kind of database they are for.

    An engine would keep its own. Its dialect is part of each key; those of
    one server differ in nothing but that they are different objects.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """Take a statement that was compiled for such a database."""
        return super().get(_of_its_kind(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_of_its_kind(key), compiled)


def _of_its_kind(key: Any) -> tuple[Any, ...]:
    """Name the kind of database in a key, instead of one of that kind."""
    dialect, *rest = key
    kind = (type(dialect), dialect.paramstyle, dialect.server_version_info)
    return (kind, *rest)


_STATEMENTS = StatementsCompiledOnce(MOST_STATEMENTS)
_BUILDERS: dict[Any, Callable[..., tuple[str, str]]] = {}
_compile_builder = Rule._compile_builder


def _share_statements(connection: Connection) -> None:
    """Have a connection look for its statements where all do."""
    connection.execution_options(compiled_cache=_STATEMENTS)


def _builder_compiled_once(
    rule: Rule, append_unknown: bool = True
) -> Callable[..., tuple[str, str]]:
    """Give the function that writes an address, by how it is written."""
    if rule.defaults:
        return _compile_builder(rule, append_unknown)
    key = (rule.rule, tuple(rule._trace), append_unknown)
    if key not in _BUILDERS:
        _BUILDERS[key] = _compile_builder(rule, append_unknown)
    return _BUILDERS[key]


def _has_room(folder: Path) -> bool:
    """Tell whether the files of all tests fit in, programs among them."""
    if not folder.is_dir() or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free > ROOM


def spare_disk() -> None:
    """Keep the files of the tests in memory, where there is enough of it.

    Nobody pulls the plug, so what waits for the disk waits for nothing.
    """
    if _has_room(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def spare_work() -> None:
    """Keep what was compiled, in this process, from now on."""
    Flask.jinja_options = {"bytecode_cache": TemplatesCompiledOnce()}
    event.listen(Engine, "engine_connect", _share_statements)
    setattr(Rule, BUILDER, _builder_compiled_once)
