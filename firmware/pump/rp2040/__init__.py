"""The only code that touches hardware."""
