"""The heat map: every headline indicator by month, as a table whose shades repeat what its numbers say."""

import math
from itertools import groupby

from django.utils.translation import gettext as _

from .tables import Board

LEVELS = 5


def table(board: Board) -> dict:
    """Rows of indicators under their areas, a cell a month; a shade compares months of one row, never two rows."""
    shown = [one for code, one in board.indicators.items() if code in board.totals]
    return {
        "caption": _("Indicators by month"),
        "corner": _("Indicator"),
        "width": len(board.months) + 1,
        "columns": [
            {"label": label, "partial": board.selection.operation.is_partial(one)}
            for label, one in zip(board.month_labels(), board.months, strict=True)
        ],
        "areas": [
            {"code": area.code, "label": area.label, "rows": [_row(board, one) for one in indicators]}
            for area, indicators in groupby(shown, key=lambda one: one.area)
        ],
        "has_partial": any(board.selection.operation.is_partial(one) for one in board.months),
        "csv_url": board.csv([one.code for one in shown], "month"),
    }


def level(value, highest) -> int:
    """0 for nothing at all, else 1 to 5: which fifth of the highest a value lies in."""
    return math.ceil(LEVELS * value / highest) if value else 0


def _row(board: Board, indicator) -> dict:
    totals = [board.by_month.get((indicator.code, one)) for one in board.months]
    highest = max((total.value for total in totals if total and total.value), default=None)
    return {
        "label": indicator.short_label,
        "unit": indicator.unit.plural_label,
        "cells": [
            board.cell(total, indicator, month=one)
            | {
                "level": None if total is None or total.value is None else level(total.value, highest),
                "hatched": board.selection.operation.is_partial(one),
            }
            for one, total in zip(board.months, totals, strict=True)
        ],
    }
