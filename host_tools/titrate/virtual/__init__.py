"""The virtual Pico: the real firmware on an emulated RP2040, with an exact clock."""
