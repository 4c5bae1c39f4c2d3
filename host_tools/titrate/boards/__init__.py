"""The boards of this repository, read from what each declares, and the forms made from that.

    python -m titrate.boards            write every generated form of every board
    python -m titrate.boards --check    only name those that are out of date

pump_board.py is the one place where a pin has its number; made from it are pins.csv, the wiring
table and the limits in README.md, wiring.svg and accuracy.svg.
"""

from titrate.boards.declaration import Board, Signal, read_board, read_boards

__all__ = ["Board", "Signal", "read_board", "read_boards"]
