"""The catalogue: one file per outage."""
