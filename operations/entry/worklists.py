"""The lists of monthly reports as rows, ready for a template: an officer's months, the Centre's grid."""

from collections.abc import Iterable
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import access, queries
from ..models import Operation, Report, Step
from ..templatetags import show


def worklist(reports, today: date) -> list[dict]:
    """Reports of the worklist by operation: {operation, rows}, newest month first."""
    listed = []
    for operation, group in _by_operation(reports, today):
        leaves = operation.indicators.count()
        rows = [_worklist_row(report, leaves, today) for report in group]
        listed.append({"operation": operation, "rows": rows})
    return listed


def _by_operation(reports, today: date) -> Iterable[tuple[Operation, list[Report]]]:
    """The worklist, an operation at a time; two that began on one day come mixed out of the database."""
    found: dict[Operation, list[Report]] = {}
    for report in queries.worklist(reports, today):
        found.setdefault(report.operation, []).append(report)
    return found.items()


def _worklist_row(report: Report, leaves: int, today: date) -> dict:
    days = (report.due - today).days
    overdue = report.is_overdue(today)
    if overdue:
        left = ngettext("%(days)s day overdue", "%(days)s days overdue", -days) % {"days": -days}
    elif report.standing in ("submitted", "verified") or report.has_verified:
        left = ""
    elif days == 0:
        left = _("due today")
    else:
        left = ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}
    return {
        "report": report,
        "overdue": overdue,
        "left": left,
        "filled": _("%(filled)s of %(wanted)s") % {"filled": report.filled or 0, "wanted": leaves},
        "last_step": Step.Verb(report.last_verb).label if report.last_verb else "",
    }


def grid(reports, today: date, *, by) -> list[dict]:
    """Agencies by months, one grid an operation: {operation, months}, the latter for _months.html.

    A cell leads where the reader may open it: reviewers to the comparison, publishers to what is verified.
    """
    grids = []
    for operation, group in _by_operation(reports, today):
        span, agencies = queries.grid(group)
        grids.append(
            {
                "operation": operation,
                "months": {
                    "caption": _("States of the reports of %(operation)s") % {"operation": operation.label},
                    "columns": [
                        {"label": show.month_short(month), "note": str(month.year)} for month in span
                    ],
                    "rows": [
                        {
                            "label": agency.in_short,
                            "country": agency.country.code,
                            "cells": [_grid_cell(report, today, by) for report in its_reports],
                        }
                        for agency, its_reports in agencies
                    ],
                    "legend": True,
                },
            }
        )
    return grids


def _grid_cell(report: Report | None, today: date, by) -> dict | None:
    if report is None:
        return None
    state = "overdue" if report.is_overdue(today) else report.standing
    address = [report.operation.code, report.agency.code, report.month]
    href = ""
    if access.may_review(by) and (report.standing == "submitted" or report.has_verified):
        href = reverse("review:report", args=address)
    elif access.may_release(by) and report.has_verified:
        href = reverse("entry:report", args=address)
    return {"state": state, "href": href, "title": f"{report.agency.in_short}, {show.month(report.month)}"}
