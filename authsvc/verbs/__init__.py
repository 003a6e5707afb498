"""The verbs of `evenhand authsvc` that have a file of their own: `add` declares, `run` does."""
