"""`make bench-auth`: what the auth service makes of its cores, idle and flooded, and its reads."""
