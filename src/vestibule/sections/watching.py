"""What whoever watches a running Vestibule is told, and by which token."""

from dataclasses import dataclass

from vestibule.ground.knobs import knob


@dataclass(frozen=True)
class WatchSettings:
    """What those are told who watch the service."""

    metrics_token: str = knob(
        "METRICS_TOKEN",
        "",
        "Token that opens /metrics, 32 characters or more; empty means "
        "that there is no such address.",
        secret=True,
    )
    history_kept: int = knob(
        "HISTORY_KEPT",
        400 * 86400,
        "How long the history of what happened is kept.",
        kind="duration",
        least=86400,
        unit="seconds",
    )
    drain: int = knob(
        "DRAIN",
        0,
        "How long the server goes on after it was told to end, while "
        "/readyz says that it will.",
        kind="duration",
        least=0,
        most=300,
        unit="seconds",
    )
