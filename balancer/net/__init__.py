"""Bytes: asyncio protocols on uvloop and a C parser; the only transports of the data path."""
