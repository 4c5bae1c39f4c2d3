"""Pages and modules that are made from what is declared once, and the check that they are."""
