"""The queue as rows, ready for a template: how urgent each is, and whether it may be verified unopened."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import access, checks, queries
from ..models import Report, Revision
from ..templatetags import show
from . import tables


@dataclass
class Row:
    """One report that waits. `remarks` ({tone, text}) are all that speaks against verifying it unopened."""

    revision: Revision
    deadline: str
    waiting: str
    remarks: list[dict]
    largest: str

    @property
    def report(self) -> Report:
        return self.revision.report

    @property
    def name(self) -> str:
        return name(self.report)

    @property
    def seen(self) -> str:
        """Which figures stand on the screen, for the form that verifies several: report, revision, version."""
        return f"{self.report.pk}.{self.revision.number}.{self.revision.version}"

    @property
    def is_quiet(self) -> bool:
        return not self.remarks


def name(report: Report) -> str:
    """“Laos · National Defense, March 2025”."""
    return f"{report.agency.in_short}, {show.month(report.month)}"


def rows(person, today: date) -> list[Row]:
    """All that waits for this reviewer's decision, the most urgent first; so many queries, however much it is."""
    waiting = queries.queue(access.revisions_for(person))
    reports = [revision.report for revision in waiting]
    entries = queries.entries_of(waiting)
    earlier = queries.earlier_entries_of(reports)
    own = queries.worked_on(person, reports)
    leaves = {one.operation_id: None for one in reports}
    listed = []
    for revision in waiting:
        report = revision.report
        if leaves[report.operation_id] is None:
            leaves[report.operation_id] = queries.leaves(report.operation)
        its_leaves, now, before = leaves[report.operation_id], entries[revision.pk], earlier[report.pk]
        found = queries.findings_among(its_leaves, now, before)
        listed.append(
            Row(
                revision,
                deadline=_deadline(report, today),
                waiting=_waiting(revision, today),
                remarks=[
                    *_remarks(revision, is_own=report.pk in own, is_first=not any(before)),
                    *_odd(found, now),
                ],
                largest=tables.largest_difference(its_leaves, now, before[0] if before else {}),
            )
        )
    return listed


def _remarks(revision: Revision, *, is_own: bool, is_first: bool) -> list[dict]:
    remarks = []
    # By the first submission: who answers a question, or mends what came back, is not late for it.
    late = (revision.first_submitted_at.date() - revision.report.due).days
    if revision.number > 1:
        text = _("correction of released figures") if revision.is_released else _("correction")
        remarks.append({"tone": "bad" if revision.is_released else "calm", "text": text})
    elif late > 0:
        text = ngettext("%(days)s day late", "%(days)s days late", late) % {"days": late}
        remarks.append({"tone": "bad", "text": text})
    if revision.is_resubmitted:
        remarks.append({"tone": "calm", "text": _("submitted again")})
    if asked := revision.open_questions:
        text = ngettext("%(number)s open question", "%(number)s open questions", asked) % {"number": asked}
        remarks.append({"tone": "warn", "text": text})
    if is_own:
        remarks.append({"tone": "", "text": _("your own entry")})
    if is_first:
        remarks.append({"tone": "", "text": _("no month before to compare with")})
    return remarks


def _odd(found: list[checks.Finding], entries: dict[str, checks.Entry]) -> list[dict]:
    """“3 odd figures: 1 without a reason”, counted by figure and not by finding."""
    odd = {finding.indicator for finding in found}
    if not odd:
        return []
    text = ngettext("%(number)s odd figure", "%(number)s odd figures", len(odd)) % {"number": len(odd)}
    without = len({finding.indicator for finding in checks.unanswered(found, entries)})
    if without:
        text = _("%(odd)s, %(number)s without a reason") % {"odd": text, "number": without}
    elif len(odd) == 1:
        text = _("%(odd)s, with its reason") % {"odd": text}
    else:
        text = _("%(odd)s, each with its reason") % {"odd": text}
    return [{"tone": "bad" if without else "warn", "text": text, "symbol": "▲"}]


def _deadline(report: Report, today: date) -> str:
    days = (report.due - today).days
    if days < 0:
        return ngettext("%(days)s day ago", "%(days)s days ago", -days) % {"days": -days}
    return ngettext("in %(days)s day", "in %(days)s days", days) % {"days": days} if days else _("today")


def _waiting(revision: Revision, today: date) -> str:
    days = (today - revision.submitted_at.date()).days
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days} if days > 0 else _("since today")
