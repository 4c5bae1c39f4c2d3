"""Equipment: TOML files that say what is fitted to a board, checked and given to a pump.

The format is declared in declarations.py; its page is host_tools/docs/equipment.md. What a pump
makes of it is in pump.core.equipment and pump.core.inputs.
"""

from titrate.equipment.loader import EquipmentFile, load_equipment, parse_equipment

__all__ = ["EquipmentFile", "load_equipment", "parse_equipment"]
