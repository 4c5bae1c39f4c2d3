"""`make demo`: the real firmware delivers on an emulated RP2040, and every step is compared.

The firmware image is programmed through its serial port by the real client. What comes out at
the STEP pin is compared, instant by instant, with what the profile prescribes.
"""
