"""The firmware onto a board: as an image over the bootloader's drive, or as files."""
