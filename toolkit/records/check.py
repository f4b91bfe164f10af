"""Rules across files: every key leads somewhere, roles are kept, nothing lies unused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from toolkit.bibliography import Library, check_library
from toolkit.errors import Finding, Severity, suggestion
from toolkit.files import UNFINISHED
from toolkit.records.principle import is_beyond_null
from toolkit.records.rules import RANGES, estimate_rules, figure_rules
from toolkit.records.schema import DATAPACKAGE, schema_findings
from toolkit.records.search import SEARCHES
from toolkit.records.store import ESTIMATES, LIBRARY, PRINCIPLE, QUESTIONS, STUDIES, Records
from toolkit.vocabulary import RATIOS, ClaimKind, Method, QuestionMeasure, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from toolkit.records.principle import Question

_RATIO_SCALES = {*(measure.value for measure in RATIOS), QuestionMeasure.LOG_RATIO.value}


def check(records: Records, library: Library) -> list[Finding]:
    """Everything that is wrong in a review: reading, single records, and what must hold across files.

    Sorted by file and line; errors and warnings together.
    """
    if not library and library.findings:
        records = replace(records, incomplete=records.incomplete | {LIBRARY})
    findings = [
        *records.findings,
        *_claims(records),
        *_questions(records, library),
        *_studies(records, library),
        *_estimate_keys(records, library),
        *_estimates(records, library),
        *_one_primary_a_sample(records),
        *check_library(library, name=LIBRARY, cited=cited_keys(records)),
        *schema_findings(records.root),
        *_unfinished(records.root),
    ]
    order = {
        name: place
        for place, name in enumerate((PRINCIPLE, QUESTIONS, STUDIES, ESTIMATES, SEARCHES, LIBRARY, DATAPACKAGE))
    }
    return sorted(findings, key=lambda finding: (order.get(finding.file, 9), finding.line or 0))


def _unfinished(root: Path) -> Iterator[Finding]:
    """A change of several files that was cut off: until it is finished, keys may lead nowhere."""
    if (root / UNFINISHED).exists():
        hint = "run any `evidence refs` command, as `evidence refs check`: it does the rest first"
        message = "a merge, a renaming or an import was cut off between two files"
        yield Finding(Severity.ERROR, UNFINISHED, "unfinished-change", message, hint)


class _Reporter:
    """Makes the findings of one file, with the line of each record."""

    def __init__(self, records: Records, file: str) -> None:
        self.file, self.lines, self.incomplete = file, records.lines.get(file, {}), records.incomplete

    def report(
        self,
        record: str,
        column: str,
        value: object,
        rule: str,
        message: str,
        hint: str,
        severity: Severity = Severity.ERROR,
    ) -> Finding:
        return Finding(
            severity,
            self.file,
            rule,
            message,
            hint,
            line=self.lines.get(record),
            column=column,
            value=str(value),
            record=record,
        )

    def key(self, record: str, column: str, value: str, known: Iterable[str], file: str) -> Iterator[Finding]:
        """A finding where a key leads nowhere, unless the file that it leads to could not be read."""
        if value not in known and file not in self.incomplete:
            hint = f"add it there, or correct the key.{suggestion(value, known)}"
            yield self.report(record, column, value, "dangling-key", f"{value!r} is not in {file}", hint)


def _claims(records: Records) -> Iterator[Finding]:
    reporter = _Reporter(records, PRINCIPLE)
    tested = {question.claim for question in records.questions.values()}
    for claim in records.claims.values():
        for other in claim.rests_on:
            yield from reporter.key(claim.claim, "rests_on", other, records.claims, PRINCIPLE)
        normative = claim.kind is ClaimKind.NORMATIVE
        if normative and not claim.rests_on:
            message, hint = "a normative claim rests on no other claim", "name the empirical claims that it rests on"
            yield reporter.report(claim.claim, "rests_on", "", "claim-form", message, hint)
        if not normative and claim.form is None:
            message, hint = "an empirical claim without a form", "say whether it is directional or negligible"
            yield reporter.report(claim.claim, "form", "", "claim-form", message, hint)
        if not normative and claim.claim not in tested and QUESTIONS not in records.incomplete:
            message, hint = (
                "no question tests this claim",
                "add one to questions.toml; until then it is shown as untested",
            )
            yield reporter.report(claim.claim, "claim", claim.claim, "untested-claim", message, hint, Severity.WARNING)


def _questions(records: Records, library: Library) -> Iterator[Finding]:
    reporter = _Reporter(records, QUESTIONS)
    answered = {*records.estimates_by_question, *(row.get("question", "") for _, row in records.rejected)}
    for question in records.questions.values():
        key = question.question
        yield from reporter.key(key, "claim", question.claim, records.claims, PRINCIPLE)
        if question.published is not None:
            reference = question.published.reference
            yield from reporter.key(key, "published", reference, library, LIBRARY)
            for severity, rule, column, message, hint in figure_rules(question.published):
                value = getattr(question.published, column)
                shown = "" if value is None else value
                yield reporter.report(key, f"published.{column}", shown, rule, message, hint, severity)
        yield from _plan(question, reporter)
        primary = {row.estimate for row in records.estimates_by_question.get(key, ()) if row.role is Role.PRIMARY}
        primary |= {row.get("estimate", "") for _, row in records.rejected}  # whose own findings say what is wrong
        for sensitivity in question.plan.sensitivity:
            for estimate in sensitivity.leave_out:
                yield from reporter.key(key, "plan", estimate, primary, ESTIMATES)
        if key not in answered and ESTIMATES not in records.incomplete:
            message, hint = "no estimate answers this question", "add one; until then it is shown as unanswered"
            yield reporter.report(key, "question", key, "unused", message, hint, Severity.WARNING)


def _plan(question: Question, reporter: _Reporter) -> Iterator[Finding]:
    """What a question needs before it is pooled: a scale, a smallest effect on the right side, the reason for it."""
    key = question.question
    if question.method is Method.POOL and question.measure is None:
        message, hint = "a pooled question without a measure", "say on which scale its results are pooled"
        yield reporter.report(key, "measure", "", "plan", message, hint)
    if question.method is Method.POOL and question.measure is QuestionMeasure.PROP:
        hint = "describe it: the verdict rule needs a value that means no effect"
        yield reporter.report(key, "measure", question.measure, "plan", "a share has no value of no effect", hint)
    if question.method is Method.POOL and question.smallest_effect is None:
        hint = "choose it before pooling, and give the reason"
        yield reporter.report(key, "smallest_effect", "", "plan", "a pooled question without a smallest effect", hint)
    if question.smallest_effect is not None:
        ratio = question.measure is not None and question.measure.value in _RATIO_SCALES
        low, high, hint = RANGES.get(question.measure, (None, None, ""))
        if ratio and question.smallest_effect <= 0:
            hint = "a ratio is above 0: write it unlogged"
            yield reporter.report(key, "smallest_effect", question.smallest_effect, "range", "cannot be a ratio", hint)
        elif question.smallest_effect == (1 if ratio else 0):
            message, hint = "is no effect at all", "choose the least effect that would matter"
            yield reporter.report(key, "smallest_effect", question.smallest_effect, "range", message, hint)
        elif question.measure in RANGES and not low < question.smallest_effect < high:
            message = f"{question.smallest_effect} is out of range for {question.measure}"
            yield reporter.report(key, "smallest_effect", question.smallest_effect, "range", message, hint)
        elif not is_beyond_null(question.smallest_effect, question.predicted, ratio=ratio):
            message = f"{question.smallest_effect} lies on the other side of no effect than {question.predicted}"
            hint = "its size is used; write it with the sign of the effect spoken of"
            yield reporter.report(
                key, "smallest_effect", question.smallest_effect, "plan-side", message, hint, Severity.WARNING
            )
        if question.smallest_effect_reason is None:
            message, hint = "a smallest effect without its reason", "say why a smaller one would not matter"
            yield reporter.report(key, "smallest_effect_reason", "", "plan", message, hint)


def _studies(records: Records, library: Library) -> Iterator[Finding]:
    reporter = _Reporter(records, STUDIES)
    used = {estimate.study for estimate in records.estimates.values()}
    used |= {row.get("study", "") for _, row in records.rejected}
    for study in records.studies.values():
        for reference in study.reference_keys:
            yield from reporter.key(study.study, "references", reference, library, LIBRARY)
        if study.study not in used and ESTIMATES not in records.incomplete:
            message, hint = "no estimate comes from this study", "add its estimates, or take it out"
            yield reporter.report(study.study, "study", study.study, "unused", message, hint, Severity.WARNING)


def _estimate_keys(records: Records, library: Library) -> Iterator[Finding]:
    """Where the keys of all rows lead, those of the rows that make no record too."""
    reporter = _Reporter(records, ESTIMATES)
    keys = {
        "question": (QUESTIONS, records.lines.get(QUESTIONS, {})),
        "study": (STUDIES, records.lines.get(STUDIES, {})),
        "reference": (LIBRARY, library),
        "read_in": (LIBRARY, library),
    }
    rows = [(row.estimate, {column: getattr(row, column) for column in keys}) for row in records.estimates.values()]
    rows += [(row.get("estimate", ""), row) for _, row in records.rejected]
    for record, row in rows:
        for column, (file, known) in keys.items():
            if value := row.get(column):
                yield from reporter.key(record, column, value, known, file)


def _estimates(records: Records, library: Library) -> Iterator[Finding]:
    reporter = _Reporter(records, ESTIMATES)
    for estimate in records.estimates.values():
        key = estimate.estimate
        study = records.studies.get(estimate.study)
        if study is not None and estimate.reference not in study.reference_keys and estimate.reference in library:
            message = f"{estimate.reference!r} is no report of study {estimate.study!r}"
            hint = "add it to `references` in studies.csv, or correct the key"
            yield reporter.report(key, "reference", estimate.reference, "study-report", message, hint)
        for severity, rule, column, message, hint in estimate_rules(estimate, records.questions.get(estimate.question)):
            value = getattr(estimate, column)
            yield reporter.report(key, column, "" if value is None else value, rule, message, hint, severity)


def _one_primary_a_sample(records: Records) -> Iterator[Finding]:
    reporter = _Reporter(records, ESTIMATES)
    first: dict[tuple[str, str], str] = {}
    for estimate in records.estimates.values():
        if estimate.role is not Role.PRIMARY:
            continue
        other = first.setdefault((estimate.question, estimate.sample), estimate.estimate)
        if other != estimate.estimate:
            message = f"sample {estimate.sample!r} has a primary row in {estimate.question!r} already ({other})"
            hint = "keep one by rule, not by result, and make the other `additional`"
            yield reporter.report(estimate.estimate, "role", estimate.role, "one-primary", message, hint)


def cited_keys(records: Records) -> frozenset[str] | None:
    """The keys of references that studies, estimates and questions cite; None where a table could not be read."""
    if {QUESTIONS, STUDIES, ESTIMATES} & records.incomplete:
        return None
    cited = {key for study in records.studies.values() for key in study.reference_keys}
    cited |= {key for row in records.estimates.values() for key in (row.reference, row.read_in) if key}
    cited |= {row.get(column, "") for _, row in records.rejected for column in ("reference", "read_in")}
    cited |= {question.published.reference for question in records.questions.values() if question.published}
    return frozenset(cited)
