"""Devices that can be wired to a virtual Pico, register by register, and able to fail."""
