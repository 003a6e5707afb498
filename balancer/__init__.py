"""The reverse proxy, and everything that judges its configuration."""
