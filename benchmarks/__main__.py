"""Measure everything in one run, and print one table."""

import argparse
import os
import platform
import sys

from benchmarks import delivery, intake, parts, queue, validation, verdict
from benchmarks.figure import table
from benchmarks.load import CONNECTIONS, client
from benchmarks.stage import stage
from stuf_klantcontact.cli.run import THREADS


def main() -> int:
    """Always 0 when everything ran: whether an aim is met depends on the machine, so people read the table."""
    words = argparse.ArgumentParser(prog="python -m benchmarks", description="What the gateway costs, as ratios.")
    words.add_argument("--quick", action="store_true", help="only show that it runs: no figure means anything")
    words.add_argument("--set", type=int, default=200, metavar="MB", help="size of the berichtenSet (1000: a GB)")
    given = words.parse_args()
    quick = given.quick
    figures = [
        *queue.measure(messages=4_000 if quick else 1_000_000, times=50 if quick else 2000),
        *delivery.measure(rounds=1 if quick else 5, messages=100 if quick else 4000),
    ]
    with stage() as found:
        figures = [
            *figures,
            *intake.measure(found, rounds=1 if quick else 7, seconds=1 if quick else 4),
            *parts.measure(found, messages=100 if quick else 2000),
            *verdict.measure(found.message, rounds=3 if quick else 15, messages=100 if quick else 2000),
            *validation.measure(
                rounds=1 if quick else 15, messages=20 if quick else 500, megabytes=1 if quick else given.set
            ),
        ]
        print(
            f"Python {platform.python_version()}, {os.cpu_count()} cores; {intake.WORKERS} workers with "
            f"{THREADS} threads; {CONNECTIONS} connections by {client()}; {len(found.message)} bytes a message"
        )
        print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
