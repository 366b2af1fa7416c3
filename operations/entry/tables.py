"""An officer's sheet as rows, ready for a template: nothing is decided here, only arranged."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext as _

from .. import checks, months, queries
from ..models import Factor, Indicator, Mark, Report, Unit
from ..templatetags import show
from .forms import Field, Sheet

MONTHS_BESIDE = 2


@dataclass(frozen=True)
class Choice:
    """A unit in which a figure can be entered, with the decimals kept there; `factor` None: the figure's own."""

    unit: Unit
    decimals: int
    factor: Factor | None

    @property
    def multiplier(self) -> str:
        """The factor as a plain decimal; nothing for the figure's own unit."""
        return f"{self.factor.factor:f}" if self.factor else ""


@dataclass
class Row:
    """One line of the sheet: a field, or a calculated total under its parts (their codes)."""

    indicator: Indicator
    past: list[dict]
    field: Field | None = None
    findings: Iterable[checks.Finding] = ()
    wants_note: bool = False
    remarks: Iterable[queries.Remark] = ()
    parts: Iterable[str] = ()
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

    @property
    def units(self) -> list[Choice]:
        """The units to choose from, the figure's own first."""
        one = self.field
        choices = []
        for unit in one.units:
            factor = one.factors.get(unit.code) if unit.pk != self.indicator.unit_id else None
            in_it = replace(one, cell=replace(one.cell, unit=unit.code))
            choices.append(Choice(unit, in_it.decimals, factor))
        return choices

    @property
    def saved(self) -> str:
        """What is saved, as JSON for the page's script; `value` is a plain decimal string or null."""
        figure, cell = self.field.figure, self.field.saved
        value = None if figure is None or figure.value is None else f"{figure.value:f}"
        version = figure.version if figure else 0
        words = {"text": cell.text, "unit": cell.unit, "mark": cell.mark, "note": cell.note}
        return json.dumps({"version": version, "value": value, **words})

    @property
    def earlier_remarks(self) -> list[queries.Remark]:
        """What was said about the figure, without the note that stands in its field."""
        return [one for one in self.remarks if one.text != self.field.saved.note]

    @property
    def is_open(self) -> bool:
        """Whether the place for a note stands open: a note is wanted, or what was typed is not saved."""
        one = self.field
        is_changed = (one.cell.note, one.cell.mark) != (one.saved.note, one.saved.mark)
        return self.wants_note or (is_changed and bool(one.error))


@dataclass(frozen=True)
class Column:
    """An earlier month beside the sheet: what it is called and what was reported."""

    label: str
    entries: dict[str, checks.Entry]


def rows(
    sheet: Sheet, columns: list[Column], entries: dict, found: list[checks.Finding], remarks: dict
) -> list[dict]:
    """The sheet by focus area: {area, rows}, each total after the last of its parts.

    `columns` stand beside it, `entries` are what is saved, `remarks` what was said (queries.thread).
    """
    arranged = []
    for indicator, parts in queries.in_order(one.indicator for one in sheet.fields.values()):
        past = [_past(indicator, parts, column) for column in columns]
        if parts:
            total = queries.sum_of(entries, parts)
            arranged.append(Row(indicator, past, parts=parts, total=total, partial=partial(entries, parts)))
        else:
            # That a figure is empty is seen; it is counted beside the sheet, not said in every row.
            own = [one for one in found if one.indicator == indicator.code and one.code != "empty"]
            is_wanted = bool(checks.unanswered(own, entries))
            said = remarks.get(indicator.code, [])
            arranged.append(Row(indicator, past, sheet.fields[indicator.code], own, is_wanted, said))
    by_area = groupby(arranged, lambda row: row.indicator.area)
    return [{"area": area, "rows": list(group)} for area, group in by_area]


def partial(entries: dict, parts: list[str]) -> str:
    """How many of a total's parts have a figure or a mark, while some have and some have not; else empty."""
    known = [entries.get(code, checks.EMPTY) for code in parts]
    filled = sum(1 for one in known if one.value is not None or one.mark)
    if not 0 < filled < len(parts):
        return ""
    return _("partial: %(filled)s of %(wanted)s") % {"filled": filled, "wanted": len(parts)}


def beside(report: Report, visible) -> list[Column]:
    """The months before this one, the newest first, fewer where the operation begins; then the same month a year
    earlier, where it was reported. Of what is `visible` to the reader, a set of revisions."""
    first = max(report.operation.first_month, months.shift(report.month, -MONTHS_BESIDE))
    span = list(months.span(first, months.previous(report.month)))[::-1]
    earlier = queries.earlier_entries(report, MONTHS_BESIDE, visible)
    columns = [Column(show.month_short(month), entries) for month, entries in zip(span, earlier, strict=True)]
    if (year_earlier := queries.year_earlier_entries(report)) is not None:
        columns.append(Column(show.month(months.shift(report.month, -12)), year_earlier))
    return columns


def _past(indicator: Indicator, parts: list[str], column: Column) -> dict:
    """A cell of an earlier month (see _cell.html), with its name for narrow screens."""
    mark = None if parts else column.entries.get(indicator.code, checks.EMPTY).mark
    return {
        "text": show.figure(queries.sum_of(column.entries, parts or [indicator.code]), indicator.decimals),
        "why": Mark(mark).label if mark else "",
        "month": column.label,
    }


def open_points(found: list[checks.Finding], entries: dict) -> list[dict]:
    """What still stops the submission or wants a note, each with the id of the field where it is mended."""
    return [
        {"text": one.message, "id": one.indicator if one.code == "empty" else f"{one.indicator}.note"}
        for one in checks.unanswered(found, entries)
    ]
