"""Dependent effects: several from one study, from the same people, or from studies that belong together."""
