"""The auth service: who you are, proven by password, on Postgres and bcrypt."""
