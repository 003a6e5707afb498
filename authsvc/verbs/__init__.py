"""Verbs of `evenhand authsvc`, one module each: `add` describes its flags, `run` does it."""
