"""Locust users, open arrivals, the stack runner, scenarios, verdicts and reports."""
