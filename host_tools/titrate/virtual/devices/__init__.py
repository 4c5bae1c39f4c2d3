"""What is wired to a virtual Pico: parts of a pump besides its drive, which can also fail.

Each is made for a VirtualPico and pins of it; it acts on their levels, in the Pico's own time.
"""
