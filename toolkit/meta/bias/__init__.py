"""Small-study effects and selective publication: tests, adjustments and selection models."""
