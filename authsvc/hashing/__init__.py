"""Passwords and the queue in front of bcrypt."""
