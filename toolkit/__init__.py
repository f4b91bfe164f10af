"""Evidence review toolkit: from a sentence of a policy principle to the numbers behind it and back.

    >>> import toolkit
    >>> review = toolkit.open_review()
    >>> review.synthesize("arrest-overdose")

The names below are loaded when they are first used, so that ``import toolkit`` itself is quick.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "open_review": "toolkit.synthesis",
    "check_review": "toolkit.synthesis",
    "Review": "toolkit.synthesis",
    "Synthesis": "toolkit.synthesis",
    "effects": None,
    "meta": None,
    "plots": None,
    "tables": None,
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'toolkit' has no attribute {name!r}")
    home = _HOMES[name]
    return import_module(f"toolkit.{name}") if home is None else getattr(import_module(home), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
