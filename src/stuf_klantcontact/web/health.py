"""Whether the gateway lives and can work: /health/live, /health/ready, /metrics."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from flask import Flask, Response, jsonify

Ready = Callable[[], Mapping[str, bool]]
"""Asks every part that must work whether it does: {"database": True, …}."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number of the whole gateway, by one label: {"ZAAKMAGAZIJN": 12.0, …}."""

    name: str
    meaning: str
    label: str
    values: Mapping[str, float]


Gauges = Callable[[], Iterable[Gauge]]
"""Asks the database how much there is to do, and how its tables are."""

logger = logging.getLogger(__name__)


def register(web: Flask, ready: Ready, *, gauges: Gauges, release: str) -> None:
    """Add the three; `ready` is asked at every GET, `gauges` at every GET of /metrics."""
    started = time.time()

    @web.get("/health/live")
    def live() -> Response:
        return jsonify(status="ok")

    @web.get("/health/ready")
    def readiness() -> tuple[Response, int]:
        checks = _ask(ready)
        good = all(checks.values())
        return jsonify(status="ok" if good else "not ready", checks=checks), 200 if good else 503

    @web.get("/metrics")
    def metrics() -> Response:
        lines = (
            "# HELP klantcontact_build_info Release of the gateway.",
            "# TYPE klantcontact_build_info gauge",
            f'klantcontact_build_info{{version="{release}"}} 1',
            "# HELP klantcontact_process_start_time_seconds When this worker started, in seconds since 1970.",
            "# TYPE klantcontact_process_start_time_seconds gauge",
            f"klantcontact_process_start_time_seconds {started:.3f}",
            "# HELP klantcontact_ready Whether every part that must work does.",
            "# TYPE klantcontact_ready gauge",
            f"klantcontact_ready {int(all(_ask(ready).values()))}",
            *_lines(gauges),
        )
        return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _lines(gauges: Gauges) -> list[str]:
    """The gauges as Prometheus reads them; none when they cannot be had, which klantcontact_ready says."""
    try:
        found = list(gauges())
    except Exception as error:
        logger.warning("no gauges: exception=%s", type(error).__name__)
        return []
    lines = []
    for gauge in found:
        lines += [f"# HELP {gauge.name} {gauge.meaning}", f"# TYPE {gauge.name} gauge"]
        for name, value in gauge.values.items():
            escaped = name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
            lines.append(f'{gauge.name}{{{gauge.label}="{escaped}"}} {value:.15g}')
    return lines


def _ask(ready: Ready) -> dict[str, bool]:
    """What works; that asking fails is an answer too."""
    try:
        return dict(ready())
    except Exception as error:
        logger.warning("not ready: exception=%s", type(error).__name__)
        return {"gateway": False}
