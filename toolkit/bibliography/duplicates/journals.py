"""Journals by their names: full, abbreviated, in two languages, with or without what they say of themselves."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import fuzz

from toolkit.bibliography.duplicates.values import plain_words

_ASIDE = re.compile(r"[\[(]([^\[\]()]{0,200})[\])]")
_OTHER_NAME = re.compile(r"=|/")
_JOURNAL = (
    r"(?:(?:the |an? )?(?:official |international )*(?:journal|organ|publication)|revue|revista|rivista|zeitschrift)\b"
)
_SUBTITLE = re.compile(rf"(?: ?:| -|;|\.|,) ?(?={_JOURNAL})", re.I)
_SMALL = frozenset(
    "the of and in on for de la le les des du der die das und et y e del di a an fur zur"
    " online electronic resource".split()
)


@lru_cache(maxsize=100_000)
def journal_names(text: str) -> tuple[tuple[str, ...], ...]:
    """The names of a journal in a field, each by the words that abbreviations keep.

    ``Ai zheng = Chinese journal of cancer`` and ``Ai zheng [Chinese Journal of Cancer]`` hold two names. A journal that
    says what it is (``: official journal of ...``) has a name with that and one without it, unless an acronym stands
    before it. Any other subtitle is a part of the name: ``Circulation: Heart Failure`` is not ``Circulation``.
    """
    text = text[:400]
    asides = [aside for aside in _ASIDE.findall(text) if aside.count(" ") > 1]
    main = _ASIDE.sub(" ", text)
    names = [_journal_words(part) for part in (*_OTHER_NAME.split(main), *asides)]
    names.append(_words(main))
    return tuple(dict.fromkeys(name for name in names if name)) or tuple(filter(None, [_journal_words(text)]))


def _journal_words(text: str) -> tuple[str, ...]:
    words = _words(_SUBTITLE.split(text, maxsplit=1)[0])
    return _words(text) if len(words) == 1 and len(words[0]) <= 5 else words


def _words(text: str) -> tuple[str, ...]:
    """The words that count; a single letter at the end names a section (``Journal of Physics A``)."""
    words = plain_words(text).split()
    section = words[-1:] if len(words) > 1 and len(words[-1]) == 1 else []
    return tuple(word for word in words[: len(words) - len(section)] if word not in _SMALL) + tuple(section)


@lru_cache(maxsize=200_000)
def same_journal(first: tuple[tuple[str, ...], ...], second: tuple[tuple[str, ...], ...]) -> float:
    """How much two journals can be one: 1 a name or an abbreviation in common, 0.5 one name holds the other, else 0."""
    return max((_same_name(one, other) for one in first for other in second), default=0.5)


def _same_name(first: tuple[str, ...], second: tuple[str, ...]) -> float:
    if "".join(first) == "".join(second):
        return 1.0
    short, long = sorted((first, second), key=lambda words: (len(words), words))
    if len(short) == 1 and len(long) > 2 and short[0] in (_acronym(long), _acronym(long[1:])):  # JAMA, JAMA Journal of
        return 1.0
    if len(short) == len(long) and all(map(_abbreviates, short, long)):
        return 1.0
    if long[1:] == short and len(long[0]) <= 6:  # JNCCN Journal of the National ...
        return 1.0
    if len(short) == 1 and len(short[0]) > 9 and len(long) > 2 and _abbreviates(short[0], "".join(long)):
        return 0.5
    if len(short) == 1:  # a word alone must stand there, "Circulation" is no "Clin"
        return 0.5 if any(word[:3] == short[0][:3] and _abbreviates(word, short[0]) for word in long) else 0.0
    rest = iter(long)
    if all(any(_abbreviates(word, other) for other in rest) for word in short):
        return 0.5
    return _same_but_for_typing(first, second)


def _acronym(words: tuple[str, ...]) -> str:
    return "".join(word[0] for word in words)


def _same_but_for_typing(first: tuple[str, ...], second: tuple[str, ...]) -> float:
    """Names alike word by word: the European Heart Journal is not the American one, whatever they have in common."""
    ratio = fuzz.ratio(" ".join(first), " ".join(second))
    if ratio < 80 or len(first) != len(second):
        return 0.5 if ratio >= 92 else 0.0
    if any(
        fuzz.ratio(one, other) < 75 and not _abbreviates(one, other) for one, other in zip(first, second, strict=True)
    ):
        return 0.0
    return 1.0 if ratio >= 92 else 0.5


def _abbreviates(one: str, other: str) -> bool:
    """Whether one of two words abbreviates the other: the first letter, then letters in their order."""
    if one == other:
        return True
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if short[0] != long[0]:
        return False
    letters = iter(long)
    return all(letter in letters for letter in short)
