# What this board's image freezes.
include("../../firmware/manifest.py")
module("pump_board.py")
