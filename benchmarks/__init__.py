"""What the gateway costs, always as a ratio to something measured in the same run: `python -m benchmarks`.

Absolute figures mean little: they are those of this machine at this moment. With --quick everything runs for so
short a time that it only shows that it runs.
"""
