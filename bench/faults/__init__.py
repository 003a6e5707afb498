"""What each proxy loses, and what it does twice, when something breaks under load."""
