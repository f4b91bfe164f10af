"""Evidence review toolkit: from a sentence of a policy principle to the numbers behind it and back."""

__version__ = "0.1.0"
