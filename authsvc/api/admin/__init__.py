"""What operators see, on a listener of its own: accounts, their sessions, the audit.

Nothing here is reachable through the service port, and nothing at all without the token of a client
with the role `admin`. Keep the listener on loopback or a management network.
"""
