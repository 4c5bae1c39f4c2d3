"""Builds a MicroPython firmware image with Titrate frozen into it; see ../README.md."""
