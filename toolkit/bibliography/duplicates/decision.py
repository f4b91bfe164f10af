"""What a comparison means: duplicate, maybe or no, with a score and a reason that a person can read.

A pair is a duplicate when its title, its people and its place of publication tell one story and nothing contradicts
it. The more the place says, the less the title has to: a range of pages in one volume is one article, so a translated
or shortened title is enough beside it; without a place the title and the people must be the same. What is decided by
rule, and not by the sum of a score, can be explained, and a strong sign against it cannot be outvoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from toolkit.bibliography.duplicates.comparison import Comparison


class Decision(StrEnum):
    """Duplicate: one work, safe to merge. Maybe: a person decides. No: two works."""

    DUPLICATE = "duplicate"
    MAYBE = "maybe"
    NO = "no"


@dataclass(frozen=True)
class Verdicts:
    """Arrays over pairs: whether each is a duplicate, whether it is a case for a person, and how much agrees."""

    duplicate: np.ndarray
    maybe: np.ndarray
    score: np.ndarray


def decide(pairs: Comparison) -> Verdicts:
    """Decide on every pair.

    Nothing outvotes: a reply, erratum, protocol or part on one side only; two versions of one DOI; two PMIDs; two
    lists of people without anyone in common. Such pairs are never ``duplicate``.
    """
    place = _Place.of(pairs)
    veto = vetoes(pairs)
    duplicate = (_by_place(pairs, place) | _by_title(pairs, place) | _by_identifier(pairs, place)) & ~veto
    return Verdicts(duplicate, _worth_a_look(pairs, place) & ~duplicate, _score(pairs))


def vetoes(pairs: Comparison) -> np.ndarray:
    """The pairs that nothing makes duplicates."""
    strangers = (pairs.people >= 0) & (pairs.people < 0.5)
    return pairs.other_kind | pairs.other_version | pairs.other_pmid | strangers


def contradict(pairs: Comparison) -> np.ndarray:
    """The pairs that cannot be one work, however they came into one group."""
    elsewhere = pairs.other_volume & pairs.other_page & (pairs.journal < 1)
    unlike = (pairs.title >= 0) & (pairs.title < 0.5) & (pairs.contained < 0.8) & ~pairs.same_page & ~pairs.same_doi
    return vetoes(pairs) | elsewhere | unlike | (pairs.years > 3)


@dataclass(frozen=True)
class _Place:
    """How far the places of publication agree: ``article`` one range of pages, ``page`` one first page, ``issue``
    one volume of one journal and no page against it, ``volume`` that of a journal which may be the same, ``journal``
    one journal and nothing against it."""

    article: np.ndarray
    page: np.ndarray
    issue: np.ndarray
    volume: np.ndarray
    journal: np.ndarray
    contradicted: np.ndarray

    @classmethod
    def of(cls, pairs: Comparison) -> _Place:
        near = pairs.years <= 1
        known = pairs.journal >= 0.5
        one_page = pairs.same_page & near & (pairs.same_volume | (~pairs.other_volume & known))
        return cls(
            article=one_page & (pairs.span >= 1),
            page=one_page,
            issue=(pairs.journal == 1) & pairs.same_volume & near & ~pairs.other_page,
            volume=known & pairs.same_volume & (pairs.years == 0) & ~pairs.other_page,
            journal=known & (pairs.years == 0) & ~pairs.other_volume & ~pairs.other_page,
            contradicted=pairs.other_volume & pairs.other_page,
        )


def _plain(pairs: Comparison) -> np.ndarray:
    """Titles with nothing between them that sets works apart: no other number, no men against women."""
    return ~pairs.other_numbers & ~pairs.other_side


def _by_place(pairs: Comparison, place: _Place) -> np.ndarray:
    """One range of pages: a shortened or translated title is enough, the more so the more people agree."""
    agree, unknown = pairs.people >= 0.75, pairs.people < 0
    alike = (pairs.title >= 0.5) | (pairs.contained >= 0.8)
    journal = pairs.journal >= 0.5
    found = (
        place.article
        & agree
        & alike
        & (journal | (pairs.title >= 0.8) | (pairs.contained >= 0.9))
        & ~pairs.other_numbers
    )
    found |= place.article & agree & (pairs.title >= 0.9) & (journal | (pairs.crowd >= 2))
    # A title in another language shares no words: long ranges and several people in common stand in for it.
    translated = (pairs.span >= 2) & (pairs.people >= 0.9) & (pairs.crowd >= 3) & (pairs.years == 0)
    found |= place.article & translated & journal & pairs.same_volume
    found |= place.article & unknown & journal & ((pairs.title >= 0.75) | (pairs.contained >= 0.95)) & _plain(pairs)
    found |= place.article & (pairs.people >= 0.5) & (pairs.title >= 0.9) & journal
    found |= (
        place.page
        & (pairs.people >= 0.7)
        & ((pairs.title >= 0.9) | (pairs.contained >= 0.98))
        & _plain(pairs)
        & journal
    )
    found |= place.page & pairs.same_volume & (pairs.people >= 0.8) & (pairs.title >= 0.95) & _plain(pairs)
    found |= place.page & unknown & journal & pairs.same_volume & (pairs.title >= 0.95) & _plain(pairs)
    return (found | _by_pages(pairs)) & ~(pairs.other_doi & (pairs.title < 0.95))


def _by_pages(pairs: Comparison) -> np.ndarray:
    """One title over one range of pages, where the journal, the year or the authors are not known.

    A journal of another name can be the same in another language where two or more people and the year agree.
    """
    same = (pairs.span >= 1) & (pairs.title >= 0.95) & (pairs.title_length >= 25) & _plain(pairs)
    translated = (pairs.people >= 0.9) & (pairs.crowd >= 2) & (pairs.years == 0)
    same &= ((pairs.journal != 0) | translated) & ~pairs.other_volume & (pairs.years <= 1)
    unknown = (pairs.people < 0) & (pairs.same_volume | (pairs.years == 0)) & (pairs.title_length >= 40)
    return same & ((pairs.people >= 0.9) | unknown)


def _by_title(pairs: Comparison, place: _Place) -> np.ndarray:
    """One title and the same people, in one journal, with gaps or a slip of the pen in the place."""
    shortened = place.volume & (pairs.contained >= 0.98) & (pairs.people >= 0.9) & (pairs.crowd >= 2)
    same = (
        ((pairs.title >= 0.95) | shortened)
        & _plain(pairs)
        & ~pairs.other_doi
        & ~(pairs.other_number & (pairs.title_length < 40))
    )
    telling = pairs.title_length >= 25
    agree = pairs.people >= 0.8
    journal = pairs.journal == 1
    abstracts_differ = (pairs.abstract >= 0) & (pairs.abstract < 0.3)
    found = (place.issue & agree) | shortened
    found |= place.volume & (pairs.people >= 0.9) & telling
    found |= place.journal & journal & agree & telling
    found |= place.journal & (pairs.people >= 0.9) & telling & (pairs.crowd >= 2)
    found |= place.issue & (pairs.people < 0) & telling & (pairs.title_length >= 40)
    # One slip: the pages or the volume are another, all else is the same.
    slip = journal & (pairs.people >= 0.9) & (pairs.title_length >= 50) & (pairs.years == 0) & (pairs.title >= 0.98)
    found |= slip & pairs.same_volume
    found |= journal & agree & telling & (pairs.years == 0) & pairs.same_page & (pairs.span >= 1)
    found |= journal & agree & telling & pairs.same_volume & pairs.same_page & (pairs.span >= 1)
    found |= (
        pairs.proceedings
        & (pairs.people >= 0.9)
        & telling
        & (pairs.years == 0)
        & ~place.contradicted
        & ~pairs.other_page
    )
    # Books, theses and reports have no journal; where another record lacks it, its volume or page must tell, since a
    # paper and its version for a conference often have one title, one list of people and one year.
    placed = pairs.whole | pairs.same_volume | pairs.same_page
    nowhere = (pairs.journal < 0) & placed & (pairs.whole | pairs.same_page | (pairs.crowd >= 2))
    nowhere &= ~pairs.other_page & ~pairs.other_volume
    found |= nowhere & (pairs.people >= 0.95) & (pairs.years == 0) & (pairs.title_length >= 40)
    found |= pairs.same_isbn & agree & telling & ~pairs.other_page & (pairs.years <= 1)
    return found & same & ~abstracts_differ


def _by_identifier(pairs: Comparison, place: _Place) -> np.ndarray:
    """One DOI or PMID, with a title and people that agree: all abstracts of a supplement can share its DOI."""
    told = pairs.same_doi | pairs.same_pmid
    alike = (pairs.title >= 0.85) | ((pairs.contained >= 0.95) & ~pairs.other_page)
    agree = (pairs.people >= 0.6) | (pairs.people < 0)
    found = told & alike & agree & _plain(pairs)
    # Subject codes that a publisher's export glued to the title ("... 06 Biological Sciences") are no other number.
    found |= told & (pairs.contained >= 0.98) & (pairs.title_length >= 50) & (pairs.people >= 0.8)
    return found & ~place.contradicted & (pairs.years <= 2)


def _worth_a_look(pairs: Comparison, place: _Place) -> np.ndarray:
    """Pairs that a person should see: one work twice, or a version, an erratum, a part of the other."""
    titled = (pairs.title >= 0.85) | (pairs.contained >= 0.95)
    near = pairs.years <= 3
    found = titled & (pairs.people >= 0.6) & near
    found |= (
        titled & (pairs.people < 0) & near & (pairs.journal >= 0.5) & ~place.contradicted & (pairs.title_length >= 25)
    )
    found |= (pairs.title >= 0.95) & (place.page | place.issue)
    some = (pairs.years == 0) | pairs.same_volume | pairs.same_page
    found |= (pairs.title >= 0.95) & (pairs.people < 0) & (pairs.title_length >= 40) & near & some
    found |= place.article & (pairs.people >= 0.75)
    found |= (pairs.same_doi | pairs.same_pmid) & ((pairs.people >= 0.5) | (pairs.title >= 0.6) | (pairs.title < 0))
    found |= (pairs.title >= 0.95) & (pairs.people >= 0.8) & (pairs.title_length >= 40)
    return found | ((pairs.abstract >= 0.9) & (pairs.people >= 0.5) & near)


_WEIGHTS = {"title": 0.40, "people": 0.20, "journal": 0.08, "year": 0.08, "volume": 0.08, "page": 0.16}


def _score(pairs: Comparison) -> np.ndarray:
    """The share of what is known that agrees, by weight: title 0.40, people 0.20, pages 0.16, the rest 0.08 each."""
    title = np.maximum(pairs.title, 0.95 * pairs.contained)
    parts = (
        (_WEIGHTS["title"], title, pairs.title >= 0),
        (_WEIGHTS["people"], pairs.people, pairs.people >= 0),
        (_WEIGHTS["journal"], pairs.journal, pairs.journal >= 0),
        (_WEIGHTS["year"], np.clip(1 - np.abs(pairs.years) / 3, 0, 1), pairs.years >= 0),
        (_WEIGHTS["volume"], pairs.same_volume, pairs.same_volume | pairs.other_volume),
        (_WEIGHTS["page"], pairs.same_page, pairs.same_page | pairs.other_page),
    )
    total = sum(weight * known for weight, _, known in parts)
    agree = sum(weight * np.where(known, value, 0) for weight, value, known in parts)
    told = (pairs.same_doi | pairs.same_pmid) * 0.15 - (pairs.other_doi | pairs.other_pmid) * 0.15
    against = (pairs.other_kind | pairs.other_numbers) * 0.10
    share = np.divide(agree, total, out=np.zeros(len(pairs)), where=total > 0)
    return np.clip(share + told - against, 0, 1).round(3)
