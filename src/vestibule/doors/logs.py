"""Logs: one JSON object a line, for our own server in production.

Everything that Python's logging is told goes here, whoever tells it. In an
application of somebody else nothing of this is used: our lines go to the
loggers named ``vestibule…``, and it decides what becomes of them.
Source: ASVS 5.0 16.2, 16.4.1; docs/decisions/0022.
"""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any

from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.types import EventDict

from vestibule.doors.log_stream import LogStream
from vestibule.doors.request_ids import in_hand
from vestibule.ground.redaction import without, without_addresses
from vestibule.settings import Settings

# Whose lines begin at which level; of all others warnings are enough.
LEVELS = {
    "vestibule": logging.INFO,
    "alembic.runtime.migration": logging.INFO,
    "_granian": logging.INFO,
}
# What granian's own set-up of its loggers is replaced by: it has none.
FOR_GRANIAN: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {}, "granian.access": {}},
}
# Frames shown of each error in a chain, from where it was raised outwards,
# and characters of all of it.
FRAMES, LONGEST_TRACE = 8, 2800
LONGEST_TEXT = 800
# Bytes of a line with the ends around it, so that a pipe takes it in one
# piece (PIPE_BUF); and of a value that is not worth cutting.
LONGEST_LINE, SHORT = 4094, 60
# How deep a value within a value is looked into.
DEEPEST = 4
_TRACE = "traceback"


def write_json(settings: Settings, descriptor: int = 2) -> None:
    """Send all that is logged in this process to a stream, as JSON.

    Args:
        settings: say what is secret.
        descriptor: of the stream; that of errors if left out.
    """
    handler = LogStream(descriptor)
    handler.setFormatter(formatter(settings.secrets))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _note_crash
    threading.excepthook = _note_crash_of_thread


def formatter(secrets: tuple[str, ...]) -> logging.Formatter:
    """Make what turns a record into one line of JSON.

    Args:
        secrets: what is hidden wherever it stands.
    """

    def masked(_: object, __: str, told: EventDict) -> EventDict:
        """Hide secrets and addresses in every text; leave out nothings."""
        return {
            name: _cut(_hidden(value, secrets), name)
            for name, value in told.items()
            if value is not None and value != ""
        }

    return ProcessorFormatter(
        foreign_pre_chain=[_head, ExtraAdder()],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            _with_trace,
            masked,
            _written,
        ],
    )


def _head(_: object, __: str, told: EventDict) -> EventDict:
    """Say when, how bad, by whom, what, and during which request."""
    record: logging.LogRecord = told["_record"]
    at = datetime.fromtimestamp(record.created, UTC)
    head = {
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": told.pop("event"),
    }
    number = in_hand.get()
    if number:
        head["request_id"] = number
    return {**head, **told}


def _with_trace(_: object, __: str, told: EventDict) -> EventDict:
    """Write an error as text: where it was raised, without any values."""
    error = told.pop("exc_info", None)
    told.pop("stack_info", None)
    if isinstance(error, tuple) and error[1] is not None:
        told[_TRACE] = _trace(error[1])
    return told


def _trace(error: BaseException) -> str:
    """Tell an error and what it was caused by, in few frames each."""
    import traceback

    shown = traceback.TracebackException.from_exception(
        error, limit=-FRAMES, capture_locals=False
    )
    return "".join(shown.format(chain=True)).rstrip()


def _hidden(value: Any, secrets: tuple[str, ...], depth: int = 0) -> Any:
    """Hide what a value must not show, however deep it stands inside.

    Before anything is cut: half a secret would not be known as one.
    """
    if isinstance(value, str):
        text = without_addresses(without(secrets, str(value)))
        return text.replace("\x7f", "�")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    deeper = depth + 1
    if deeper < DEEPEST and isinstance(value, dict):
        return {
            _hidden(str(key), secrets): _hidden(inner, secrets, deeper)
            for key, inner in value.items()
        }
    if deeper < DEEPEST and isinstance(value, (list, tuple)):
        return [_hidden(inner, secrets, deeper) for inner in value]
    return type(value).__name__


def _cut(value: Any, name: str) -> Any:
    """Cut a text that is too long; of an error both ends matter."""
    if not isinstance(value, str):
        return value
    if name == _TRACE and len(value) > LONGEST_TRACE:
        half = LONGEST_TRACE // 2
        return f"{value[:half]}\n  …\n{value[-half:]}"
    if name != _TRACE and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}…"
    return value


def _written(_: object, __: str, told: EventDict) -> str:
    """Write a line; every control character in it is written as ASCII.

    Attack: a line feed in what somebody sent, and behind it a line of
    theirs (ASVS 5.0 16.4.1).
    """
    line = json.dumps(told)
    while len(line) > LONGEST_LINE:
        _shorten(told)
        line = json.dumps(told)
    return line


def _shorten(told: EventDict) -> None:
    """Cut what takes the most room in a line, or leave it out."""
    name = max(told, key=lambda one: len(json.dumps([one, told[one]])))
    value = told[name]
    if isinstance(value, str) and len(value) > SHORT:
        third = len(value) // 3
        told[name] = f"{value[:third]}…{value[-third:]}"
    else:
        del told[name]


def _note_crash(*error: Any) -> None:
    """Log what ends this process, as any other line."""
    log = logging.getLogger("vestibule")
    log.critical("the process ends by an error", exc_info=error)


def _note_crash_of_thread(told: threading.ExceptHookArgs) -> None:
    """Log what ends a thread, as any other line."""
    error = (told.exc_type, told.exc_value, told.exc_traceback)
    logging.getLogger("vestibule").critical(
        "a thread ends by an error",
        exc_info=error,  # type: ignore[arg-type]
    )
