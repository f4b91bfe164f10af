"""Records meet models: which rows answer a question, what they say together, and what that means for the claim."""

from toolkit.synthesis.review import Review, check_review, open_review
from toolkit.synthesis.synthesize import Synthesis
from toolkit.synthesis.verdict import Verdict

__all__ = ["Review", "Synthesis", "Verdict", "check_review", "open_review"]
