"""Why a pair is a duplicate or a case for a person, in words: what agrees, then what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from toolkit.bibliography.duplicates.comparison import Comparison


def reasons(pairs: Comparison, sure: np.ndarray) -> list[str]:
    """A sentence a pair, such as ``same title, same authors, same journal and volume; but other pages``.

    :param sure: whether each pair is a duplicate; of one that is not, and has nothing against it, what is missing is
        said.
    """
    return [_reason(pairs, at, sure=bool(sure[at])) for at in range(len(pairs))]


def _reason(pairs: Comparison, at: int, *, sure: bool) -> str:
    agree = ", ".join((*_titles(pairs, at), *_people(pairs, at), *_places(pairs, at), *_identifiers(pairs, at)))
    against = ", ".join(_against(pairs, at))
    if against:
        return f"{agree or 'little agrees'}; but {against}"
    unknown = "" if sure else ", ".join(_unknown(pairs, at))
    return f"{agree}; {unknown} cannot be compared" if unknown else agree


def _titles(pairs: Comparison, at: int) -> Iterator[str]:
    title = pairs.title[at]
    if title >= 0.995:
        yield "same title"
    elif title >= 0.85:
        yield f"titles alike ({title:.0%})"
    elif pairs.contained[at] >= 0.95:
        yield "one title holds the other"


def _people(pairs: Comparison, at: int) -> Iterator[str]:
    people = pairs.people[at]
    if people >= 0.9:
        yield "same authors" if pairs.crowd[at] > 1 else "same author"
    elif people >= 0.5:
        yield f"authors alike ({people:.0%})"


def _places(pairs: Comparison, at: int) -> Iterator[str]:
    same = (
        ("journal", pairs.journal[at] == 1),
        ("year", pairs.years[at] == 0),
        ("volume", pairs.same_volume[at]),
        ("pages" if pairs.span[at] else "first page", pairs.same_page[at]),
    )
    if named := [name for name, holds in same if holds]:
        yield "same " + ", ".join(named)
    if pairs.abstract[at] >= 0.9:
        yield "same abstract"


def _identifiers(pairs: Comparison, at: int) -> Iterator[str]:
    for name, same in (("DOI", pairs.same_doi), ("PMID", pairs.same_pmid), ("ISBN", pairs.same_isbn)):
        if same[at]:
            yield f"same {name}"


def _unknown(pairs: Comparison, at: int) -> Iterator[str]:
    """What at least one of the two records does not say."""
    if pairs.journal[at] < 0:
        yield "journal"
    if pairs.years[at] < 0:
        yield "year"
    if not (pairs.same_volume[at] or pairs.other_volume[at]):
        yield "volume"
    if not (pairs.same_page[at] or pairs.other_page[at]):
        yield "pages"
    if not (pairs.same_doi[at] or pairs.other_doi[at]):
        yield "DOI"


def _against(pairs: Comparison, at: int) -> Iterator[str]:
    if pairs.title[at] < 0:
        yield "a title is missing"
    elif pairs.title[at] < 0.85 and pairs.contained[at] < 0.95:
        yield "other titles"
    if pairs.other_kind[at]:
        yield "one is a reply, erratum, protocol or the like"
    if pairs.other_numbers[at]:
        yield "other numbers in the titles"
    if pairs.other_side[at]:
        yield "another group, part or direction in the titles"
    if 0 <= pairs.people[at] < 0.5:
        yield "other authors"
    elif pairs.people[at] < 0:
        yield "authors are missing"
    if pairs.journal[at] == 0:
        yield "another journal"
    if (years := pairs.years[at]) > 0:
        yield f"years differ by {years}"
    if pairs.other_volume[at]:
        yield "another volume"
    if pairs.other_page[at]:
        yield "other pages"
    if pairs.other_version[at]:
        yield "DOIs of two versions"
    elif pairs.other_doi[at]:
        yield "another DOI"
    if pairs.other_pmid[at]:
        yield "another PMID"
