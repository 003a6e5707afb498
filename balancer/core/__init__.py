"""Decisions: no I/O, no clock, no dice, no log. Time, chance and load are passed in."""
