"""What the service keeps in Postgres: each change and its audit event in one statement."""
