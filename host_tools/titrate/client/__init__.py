"""The serial client: a pump at the end of a USB cable, or a virtual one on a pty."""
