"""Devices that may be wired to the virtual Pico."""
