"""Pure logic: what a pump does, told the time and free of hardware."""
