"""The lists of monthly reports as rows, ready for a template: an officer's months, the Centre's grid."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import access, queries, reminding
from ..models import Extension, Operation, Question, Report, Step
from ..templatetags import show

SOON = 7  # days before the deadline from which a report is said to be wanted now


@dataclass(frozen=True)
class Row:
    """A month in a list: its report, what is left of its time in words, and who did or allowed what last."""

    report: Report
    overdue: bool
    left: str
    filled: str
    extension: Extension | None
    last_step: Step | None
    reminder: str = ""
    extend: str = ""  # where the Centre gives longer, if it can


@dataclass(frozen=True)
class Wanted:
    """Something to do now: in which tone it is said, what it is about, why now, and where it is done."""

    tone: str
    symbol: str
    word: str
    about: str
    why: str
    href: str


def worklist(reports, today: date) -> list[dict]:
    """Reports of the worklist by operation: {operation, rows, is_done}, newest month first; done: all is verified."""
    by_operation = _by_operation(reports, today)
    row = _rower([report for group in by_operation.values() for report in group], today)
    return [
        {
            "operation": operation,
            "rows": [row(report) for report in group],
            "is_done": all(one.standing == "verified" and not one.open_questions for one in group),
        }
        for operation, group in by_operation.items()
    ]


def _by_operation(reports, today: date) -> dict[Operation, list[Report]]:
    """The worklist, an operation at a time; two that began on one day come mixed out of the database."""
    found: dict[Operation, list[Report]] = {}
    for report in queries.worklist(reports, today):
        found.setdefault(report.operation, []).append(report)
    return found


def _rower(reports: list[Report], today: date) -> Callable[..., Row]:
    """What makes a row of each of these reports; what it needs beside them is asked for once."""
    steps, extensions = queries.last_steps(reports), queries.extensions(reports)
    leaves = cache(lambda operation: operation.indicators.count())

    def row(report: Report, **more) -> Row:
        words = {"filled": report.filled or 0, "wanted": leaves(report.operation)}
        return Row(
            report,
            overdue=report.is_overdue(today),
            left=_left(report, today),
            filled=_("%(filled)s of %(wanted)s") % words,
            extension=extensions.get(report.pk),
            last_step=steps.get(report.pk),
            **more,
        )

    return row


def _left(report: Report, today: date) -> str:
    days = (report.due - today).days
    if report.is_overdue(today):
        return ngettext("%(days)s day overdue", "%(days)s days overdue", -days) % {"days": -days}
    if report.standing in ("submitted", "verified") or report.has_verified:
        return ""
    if days == 0:
        return _("due today")
    return ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}


def _key(report: Report) -> list:
    return [report.operation.code, report.agency.code, report.month]


# --------------------------------------------------------------------------------- what wants doing now


def wanted(own: list[dict], questions: Iterable[Question], today: date) -> list[Wanted]:
    """What an officer has to do now, the most urgent first: late, sent back, asked, soon due, a correction open."""
    rows = [row for listed in own for row in reversed(listed["rows"])]
    late = [row for row in rows if row.overdue]
    back = [row for row in rows if row.report.standing == "sent_back" and not row.overdue]
    awaited = [row for row in rows if row.left and row not in late and row not in back]
    soon = [row for row in awaited if (row.report.due - today).days <= SOON]
    corrections = [row for row in rows if row.report.standing == "draft" and row.report.has_verified]
    return [
        *(_of_report(row, "bad", "!", _("Overdue"), _why_late(row, today)) for row in late),
        *(_of_report(row, "warn", "↺", _("Sent back"), _said_back(row)) for row in back),
        *(_of_question(question, today) for question in questions),
        *(_of_report(row, "calm", "◷", _("Due soon"), row.left) for row in soon),
        *(_of_report(row, "calm", "✎", _("Correction"), _("not submitted yet")) for row in corrections),
    ]


def _of_report(row: Row, tone: str, symbol: str, word: str, why: str) -> Wanted:
    return Wanted(tone, symbol, word, show.month(row.report.month), why, row.report.get_absolute_url())


def _why_late(row: Row, today: date) -> str:
    if row.report.closes and today > row.report.closes:
        return _("closed on %(day)s; ask the Centre's reviewers for an extension") % {
            "day": show.day(row.report.closes)
        }
    return " · ".join(filter(None, [row.left, _said_back(row) if row.report.standing == "sent_back" else ""]))


def _said_back(row: Row) -> str:
    """Who sent it back and why, in their words."""
    return _("%(name)s: “%(note)s”") % {"name": row.last_step.by.label, "note": row.last_step.note}


def _of_question(question: Question, today: date) -> Wanted:
    report = question.revision.report
    gone = question.due < today
    why = _("no answer by %(day)s") if gone else _("answer until %(day)s")
    return Wanted(
        "bad" if gone else "warn",
        "?",
        _("Question"),
        f"{question.indicator.label}, {show.month(report.month)}",
        why % {"day": show.day(question.due)},
        reverse("entry:answer", args=[*_key(report), question.pk]),
    )


# ------------------------------------------------------------------------------------ the Centre's grid


def grid(reports, today: date, *, by) -> list[dict]:
    """Agencies by months, one grid an operation: {operation, months, awaited}, `months` for _months.html.

    A cell leads where the reader may open it: reviewers to the comparison, publishers to what is verified.
    Reviewers also get `awaited`: the reports that are not in yet, the oldest first, with the reminders due today.
    """
    grids = []
    by_operation = _by_operation(reports, today)
    due = _reminders_due(today) if access.may_extend(by) else {}
    awaited = _awaited_rows(by_operation, due, today) if access.may_extend(by) else {}
    reminded = {report for report, reminders in due.items() if any(one.people for one in reminders)}
    for operation, group in by_operation.items():
        span, agencies = queries.grid(group)
        grids.append(
            {
                "operation": operation,
                "awaited": awaited.get(operation, []),
                "months": {
                    "caption": _("States of the reports of %(operation)s") % {"operation": operation.label},
                    "columns": [
                        {"label": show.month_short(month), "note": str(month.year)} for month in span
                    ],
                    "rows": [
                        {
                            "label": agency.in_short,
                            "country": agency.country.code,
                            "cells": [_grid_cell(report, today, by, reminded) for report in its_reports],
                        }
                        for agency, its_reports in agencies
                    ],
                    "legend": True,
                    "reminders": any(report.pk in reminded for report in group),
                },
            }
        )
    return grids


def _reminders_due(today: date) -> dict[int, list[reminding.Reminder]]:
    """What `manage.py remind` has yet to send today, by the key of the report."""
    due: dict[int, list[reminding.Reminder]] = {}
    for one in reminding.reminders(today):
        due.setdefault(one.report.pk, []).append(one)
    return due


def _awaited_rows(
    by_operation: dict[Operation, list[Report]], due: dict[int, list[reminding.Reminder]], today: date
) -> dict[Operation, list[Row]]:
    """By operation the reports that nobody has handed in or that came back, the oldest month first."""
    open_ones = {
        operation: sorted(filter(_is_awaited, group), key=lambda one: (one.month, one.agency.position))
        for operation, group in by_operation.items()
    }
    row = _rower([report for group in open_ones.values() for report in group], today)
    return {
        operation: [row(one, reminder=_reminder(due.get(one.pk, [])), extend=_extend(one)) for one in group]
        for operation, group in open_ones.items()
    }


def _is_awaited(report: Report) -> bool:
    """A correction that its officer has open is awaited only once it came back."""
    return report.standing == "sent_back" or (
        report.standing in ("expected", "draft") and not report.has_verified
    )


def _extend(report: Report) -> str:
    """Where the Centre gives a report longer; empty for a correction, which has no deadline."""
    return "" if report.has_verified else reverse("review:extension", args=_key(report))


def _reminder(due: list[reminding.Reminder]) -> str:
    """Whom today's reminders about a report go to, in words; empty where none is due."""
    if not due:
        return ""
    people = {person for one in due for person in one.people}
    if not people:
        return _("nobody to remind: no officer has an e-mail address")
    return ngettext("to %(count)s officer today", "to %(count)s officers today", len(people)) % {
        "count": len(people)
    }


def _grid_cell(report: Report | None, today: date, by, reminded: set) -> dict | None:
    if report is None:
        return None
    state = "overdue" if report.is_overdue(today) else report.standing
    href = ""
    if access.may_review(by) and (report.standing == "submitted" or report.has_verified):
        href = reverse("review:report", args=_key(report))
    elif access.may_release(by) and report.has_verified:
        href = reverse("entry:report", args=_key(report))
    title = f"{report.agency.in_short}, {show.month(report.month)}"
    return {"state": state, "href": href, "title": title, "reminder": report.pk in reminded}


def asked(questions: Iterable[Question], today: date) -> list[dict]:
    """Open questions of all agencies for those who ask: {question, overdue, href}, by the day of the answer."""
    return [
        {
            "question": one,
            "overdue": one.due < today,
            "href": reverse("review:report", args=_key(one.revision.report)) + f"#{one.indicator.code}",
        }
        for one in questions
    ]
