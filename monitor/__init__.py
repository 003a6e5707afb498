"""Scrapes balancer and instances, evaluates the alert rules, reports what fires."""
