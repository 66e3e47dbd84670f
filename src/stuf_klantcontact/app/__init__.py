"""Composition root: the only place where parts meet.

A module for each process: `answering` takes messages, `sending` delivers. Neither pays for what the other imports:
a SOAP stack and a web framework are most of a second. What can go wrong: ConfigurationError, with the setting to
change, before anything listens.
"""
