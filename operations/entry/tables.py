"""An officer's sheet as rows, ready for a template: nothing is decided here, only arranged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext as _

from .. import checks, months, queries
from ..models import Indicator, Mark, Report
from ..templatetags import show
from .forms import Field, Sheet

MONTHS_BESIDE = 2


@dataclass
class Row:
    """One line of the sheet: a field, or a calculated total under its parts."""

    indicator: Indicator
    past: list[dict]
    field: Field | None = None
    findings: Iterable[checks.Finding] = ()
    wants_note: bool = False
    total: Decimal | None = None
    partial: str = ""

    @property
    def state(self) -> str:
        """The class of the row: an error before a warning before a mark."""
        if self.field is None:
            return "parent"
        if self.field.error:
            return "is-error"
        if self.wants_note:
            return "is-warn"
        return "is-mark" if self.field.cell.mark else ""


def rows(sheet: Sheet, report: Report, entries: dict, found: list[checks.Finding]) -> list[dict]:
    """The sheet by focus area: {area, rows}, each total after the last of its parts; `entries` are what is saved."""
    earlier = queries.earlier_entries(report, MONTHS_BESIDE)
    arranged = []
    for indicator, parts in queries.in_order(one.indicator for one in sheet.fields.values()):
        past = [_past(indicator, parts, *one) for one in zip(beside(report), earlier, strict=True)]
        if parts:
            total = queries.sum_of(entries, parts)
            arranged.append(Row(indicator, past, total=total, partial=partial(entries, parts)))
        else:
            # That a figure is empty is seen; it is counted beside the sheet, not said in every row.
            own = [one for one in found if one.indicator == indicator.code and one.code != "empty"]
            arranged.append(
                Row(indicator, past, sheet.fields[indicator.code], own, bool(checks.unanswered(own, entries)))
            )
    by_area = groupby(arranged, lambda row: row.indicator.area)
    return [{"area": area, "rows": list(group)} for area, group in by_area]


def partial(entries: dict, parts: list[str]) -> str:
    """How many of a total's parts have a figure or a mark, while some have and some have not; else empty."""
    known = [entries.get(code, checks.EMPTY) for code in parts]
    filled = sum(1 for one in known if one.value is not None or one.mark)
    if not 0 < filled < len(parts):
        return ""
    return _("partial: %(filled)s of %(wanted)s") % {"filled": filled, "wanted": len(parts)}


def beside(report: Report) -> list[date]:
    """The months shown beside this one, newest first; fewer where the operation begins."""
    first = max(report.operation.first_month, months.shift(report.month, -MONTHS_BESIDE))
    return list(months.span(first, months.previous(report.month)))[::-1]


def _past(indicator: Indicator, parts: list[str], month: date, entries: dict) -> dict:
    """A cell of an earlier month (see _cell.html), with its month's name for narrow screens."""
    mark = None if parts else entries.get(indicator.code, checks.EMPTY).mark
    return {
        "text": show.figure(queries.sum_of(entries, parts or [indicator.code]), indicator.decimals),
        "why": Mark(mark).label if mark else "",
        "month": show.month_short(month),
    }


def open_points(found: list[checks.Finding], entries: dict) -> list[dict]:
    """What still stops the submission or wants a note, each with the id of the field where it is mended."""
    return [
        {"text": one.message, "id": one.indicator if one.code == "empty" else f"{one.indicator}.note"}
        for one in checks.unanswered(found, entries)
    ]
