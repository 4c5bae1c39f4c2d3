"""The `titrate` command: what a user types, and what it prints."""
