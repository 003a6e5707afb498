"""Verbs of `evenhand authsvc`, one module each: `add` teaches it, `run` does it."""
