"""What has come together since the launch: running sums of the headline numbers, month after month."""

from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext as _

from ..models import Indicator
from ..queries import Total
from ..templatetags.show import month
from . import charts
from .sentences import listed, said
from .tables import Board


def by_area(board: Board) -> list[dict]:
    """A chart for each focus area, and one more for its weights, which share no axis with counts."""
    shown = [one for code, one in board.indicators.items() if code in board.totals]
    grouped = groupby(shown, key=lambda one: (one.area, one.unit.code == "kg"))
    return [_chart(board, list(indicators), *key) for key, indicators in grouped]


def running(board: Board, indicator: Indicator) -> list[Total | None]:
    """The sum up to each month, “at least” once anything is missing; None before any report is expected.

    The same as `queries.totals` from the first month to that one.
    """
    found, value, expected, counted, without = [], None, 0, 0, 0
    for one in board.months:
        total = board.by_month.get((indicator.code, one))
        if total is None:
            found.append(found[-1] if found else None)
            continue
        expected, counted = expected + total.reports_expected, counted + total.reports_in
        without += total.not_available
        if total.value is not None:
            value = (value or Decimal(0)) + total.value
        found.append(
            replace(
                total,
                month=None,
                value=value,
                reports_expected=expected,
                reports_in=counted,
                not_available=without,
            )
        )
    return found


def _chart(board: Board, indicators: list[Indicator], area, is_weight: bool) -> dict:
    labels = board.month_labels()
    sums = [running(board, one) for one in indicators]
    launched = board.selection.first == board.selection.operation.first_month
    heading = (
        _("%(area)s: total since the launch") if launched else _("%(area)s: total since %(month)s")
    ) % {"area": area.label, "month": month(board.selection.first)}
    if is_weight:
        heading = _("%(heading)s, %(unit)s") % {"heading": heading, "unit": indicators[0].unit.code}
    sentence = said(
        _("Up to %(month)s: %(totals)s."),
        month=month(board.selection.last),
        totals=listed(
            said(
                _("%(indicator)s %(number)s"),
                indicator=one.short_label,
                number=board.in_figures(board.totals[one.code], one),
            )
            for one in indicators
        ),
    )
    return {
        "id": f"{area.code}-{'weights' if is_weight else 'counts'}-cumulative",
        "area": area.code,
        "heading": heading,
        "sentence": sentence.plain,
        "linked": sentence.linked,
        "note": _note(sums),
        "figure": charts.lines_by_month(
            labels,
            area.code,
            [
                {
                    "label": one.short_label,
                    # A month without a figure is a gap, though the sum up to it stands.
                    "values": [
                        total.value if board.value(board.by_month.get((one.code, at))) is not None else None
                        for at, total in zip(board.months, totals, strict=True)
                    ],
                    "complete": [total.is_complete if total else True for total in totals],
                }
                for one, totals in zip(indicators, sums, strict=True)
            ],
        ),
        "table": {
            "caption": heading,
            "corner": _("Up to the month"),
            "columns": [{"label": one.short_label, "note": one.unit.plural_label} for one in indicators],
            "rows": [
                {
                    "label": board.month_label(one),
                    "cells": [
                        board.cell(totals[index], indicator, last=one)
                        for indicator, totals in zip(indicators, sums, strict=True)
                    ],
                }
                for index, one in enumerate(board.months)
            ],
        },
        "csv_url": board.csv([one.code for one in indicators], "month"),
    }


def _note(sums: list[list[Total | None]]) -> str:
    if any(total and not total.is_complete for totals in sums for total in totals):
        return _("An open point stands for “at least”: reports up to that month are still missing.")
    return ""
