"""What reading a library finds: faults of syntax with their lines, and what they mean for the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.bibliography.encoding import STRAY, Encoding, readable
from toolkit.bibliography.entry import Fault, parse
from toolkit.bibliography.syntax import Kind
from toolkit.errors import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from toolkit.bibliography.syntax import Block

_WARNINGS = frozenset({"comment-inside", "field-name"})


def missing_file(name: str) -> Finding:
    """The finding on a library whose file is not there."""
    return Finding(Severity.ERROR, name, "missing-file", "the file is missing", "restore it from git")


def encoding_findings(name: str, encoding: Encoding, text: str) -> Iterator[Finding]:
    """What is to be said about the file's encoding: that it is not UTF-8, or that single bytes are not."""
    stray = STRAY.search(text)
    if stray is not None:
        line = text.count("\n", 0, stray.start()) + 1
        message = "a byte is not UTF-8; it is kept, and shown as Windows-1252 has it"
        yield Finding(
            Severity.WARNING, name, "encoding", message, "put the letter right", line, value=readable(stray.group())
        )
    elif not encoding.is_utf8 and not text.isascii():
        message = f"is read as {encoding.codec}, and written so"
        hint = "save it as UTF-8, which every program reads"
        yield Finding(Severity.WARNING, name, "encoding", message, hint, value=encoding.codec)


def block_findings(
    name: str, blocks: Sequence[Block], lines: Sequence[int], keys: Mapping[int, str]
) -> Iterator[Finding]:
    """What is wrong in the blocks: at most one finding of each rule for an entry.

    :param lines: the line on which each block begins.
    :param keys: by what key the library knows the entry at a place.
    """
    small: dict[str, str] = {}
    for place, (block, line) in enumerate(zip(blocks, lines, strict=True)):
        if block.kind is Kind.ENTRY:
            yield from _key_findings(name, block, line, keys[place], small)
        if block.kind in (Kind.ENTRY, Kind.STRING) or not block.closed:
            yield from _fault_findings(name, block, line, keys.get(place, block.type))


def _key_findings(name: str, block: Block, line: int, known: str, small: dict[str, str]) -> Iterator[Finding]:
    def finding(severity: Severity, rule: str, message: str, hint: str) -> Finding:
        return Finding(severity, name, rule, message, hint, line, value=block.key or known, record=known)

    if not block.key:
        yield finding(Severity.ERROR, "no-key", f"the entry has no key; it is known as {known!r} here", "give it one")
        return
    if known != block.key:
        hint = f"give the entry a key of its own, or delete the copy; it is known as {known!r} here"
        yield finding(Severity.ERROR, "duplicate-key", "the key stands in the file already", hint)
    elif (other := small.get(block.key.lower())) is not None:
        hint = "BibTeX takes both for one: give one of them another key"
        yield finding(Severity.WARNING, "duplicate-key", f"the key differs from {other!r} in its capitals only", hint)
    small.setdefault(block.key.lower(), block.key)
    if set(block.key) & set(' \t"#%()={}~\\'):
        hint = "take out spaces and signs that BibTeX does not read in a key"
        yield finding(Severity.WARNING, "key-form", "the key cannot be cited", hint)


def _fault_findings(name: str, block: Block, line: int, record: str) -> Iterator[Finding]:
    value = block.text.lstrip().split("\n", 1)[0][:60].rstrip()
    if not block.closed:
        hint = "look for a missing brace or quote; what can be read of it is read"
        yield Finding(Severity.ERROR, name, "bibtex", "the block has no end", hint, line, value=value, record=record)
    if block.kind not in (Kind.ENTRY, Kind.STRING):
        return
    opening = block.text[: block.body[0]]
    if opening != f"@{block.type}{opening[-1]}":
        hint = f"write @{block.type}{opening[-1]} in one, since many programs do not see the entry"
        message = "a space stands in the beginning of the entry"
        yield Finding(Severity.WARNING, name, "entry-start", message, hint, line, value=value, record=record)
    told = {"bibtex"} if not block.closed else set()
    for fault in _faults(block):
        if fault.rule not in told:
            told.add(fault.rule)
            severity = Severity.WARNING if fault.rule in _WARNINGS else Severity.ERROR
            at = line + block.text.count("\n", 0, fault.place)
            yield Finding(severity, name, fault.rule, fault.message, fault.hint, at, fault.field, value, record)


def _faults(block: Block) -> Iterator[Fault]:
    faults = parse(block).faults
    if block.surplus and not any(fault.rule == "bibtex" for fault in faults):
        yield Fault("bibtex", 0, "a closing brace too many stands inside the entry", "take it out")
    yield from faults
