"""Pairs to groups of records that are one work, without a chain through a weak link.

A~B and B~C do not make A and C one work when A and C contradict each other (an abstract that resembles both the paper
and its erratum). Links are taken from the strongest down, and one that would bring two records together that
contradict each other is not taken: the pair goes to a person.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

Member = TypeVar("Member", bound="Hashable")


def connected(links: Iterable[tuple[Member, Member]]) -> list[list[Member]]:
    """The groups that links connect, each in the order in which its members came."""
    groups: dict[Member, list[Member]] = {}
    for one, other in links:
        first, second = groups.setdefault(one, [one]), groups.setdefault(other, [other])
        if first is second:
            continue
        small, large = sorted((first, second), key=len)
        large.extend(small)
        groups.update(dict.fromkeys(small, large))
    return list({id(group): group for group in groups.values()}.values())


def weak_links(
    links: Iterable[tuple[Member, Member]], apart: Collection[tuple[Member, Member]]
) -> set[tuple[Member, Member]]:
    """The links that would join records that must stay apart, when links are taken in their order.

    :param links: from the strongest to the weakest.
    :param apart: pairs that contradict each other, in either order.
    """
    enemies: dict[Member, set[Member]] = defaultdict(set)
    for one, other in apart:
        enemies[one].add(other)
        enemies[other].add(one)
    groups: dict[Member, set[Member]] = {}
    weak = set()
    for one, other in links:
        first, second = groups.setdefault(one, {one}), groups.setdefault(other, {other})
        if first is second:
            continue
        small, large = (first, second) if len(first) <= len(second) else (second, first)
        if any(enemies[member] & large for member in small if member in enemies):
            weak.add((one, other))
            continue
        large |= small
        groups.update(dict.fromkeys(small, large))
    return weak


def pairs_within(groups: Iterable[list[Member]]) -> list[tuple[Member, Member]]:
    """All pairs of the groups of three and more; a pair is its own proof."""
    return [pair for group in groups if len(group) > 2 for pair in combinations(group, 2)]
