"""The queue and the comparison as rows, ready for a template: nothing is decided here, only arranged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from statistics import median

from django.utils.translation import get_language

from .. import checks, numbers, queries
from ..models import Figure, Indicator, Mark, Revision
from ..templatetags import show


@dataclass
class Row:
    """One indicator compared. A cell is {text, why} as in _cell.html; `difference` is against last month."""

    indicator: Indicator
    now: dict
    before: dict
    last_month: dict
    usual: dict
    difference: str
    is_total: bool = False
    is_changed: bool = False
    figure: Figure | None = None
    findings: Iterable[checks.Finding] = ()

    @property
    def reported(self) -> str:
        """“4,583,333 tablets” where another unit than the indicator's was reported, else empty."""
        if self.figure is None or self.figure.factor is None:
            return ""
        decimals = max(0, -self.figure.quantity.normalize().as_tuple().exponent)
        return f"{show.figure(self.figure.quantity, decimals)} {self.figure.unit.plural_label}"

    @property
    def state(self) -> str:
        names = {"parent": self.is_total, "is-changed": self.is_changed, "is-warn": bool(self.findings)}
        return " ".join(name for name, holds in names.items() if holds)


def comparison(revision: Revision, before: dict) -> list[dict]:
    """What is handed in beside what was seen `before`, last month and the usual, by area: {area, rows}."""
    report = revision.report
    now = queries.entries(revision)
    earlier = queries.earlier_entries(report)
    last_month = earlier[0] if earlier else {}
    found = queries.findings(report, revision)
    figures = {one.indicator_id: one for one in revision.figures.select_related("unit", "factor__unit")}
    rows = []
    for indicator, parts in queries.in_order(queries.leaves(report.operation)):
        codes = parts or [indicator.code]
        value, last = queries.sum_of(now, codes), queries.sum_of(last_month, codes)
        past = [one for month in earlier if (one := queries.sum_of(month, codes)) is not None]
        rows.append(
            Row(
                indicator,
                now=_cell(indicator, value, now, codes),
                before=_cell(indicator, queries.sum_of(before, codes), before, codes),
                last_month=_cell(indicator, last, last_month, codes),
                usual=_cell(indicator, median(past) if past else None, {}, codes),
                difference=_difference(indicator, value, last),
                is_total=bool(parts),
                is_changed=bool(before) and any(_said(now, code) != _said(before, code) for code in codes),
                figure=figures.get(indicator.pk),
                findings=[] if parts else [one for one in found if one.indicator == indicator.code],
            )
        )
    by_area = groupby(rows, lambda row: row.indicator.area)
    return [{"area": area, "rows": list(group)} for area, group in by_area]


def _said(entries: dict, code: str) -> tuple:
    entry = entries.get(code, checks.EMPTY)
    return entry.value, entry.mark or None


def _cell(indicator: Indicator, value: Decimal | None, entries: dict, codes: list[str]) -> dict:
    """The figure in words; a total whose parts are not all known is “at least”."""
    parts = [entries[code] for code in codes if code in entries]
    known = [part.value is not None or part.mark == checks.NOT_APPLICABLE for part in parts]
    mark = entries.get(codes[0], checks.EMPTY).mark if len(codes) == 1 else None
    why = Mark(mark).label if mark else ""
    partial = len(codes) > 1 and not all(known)
    return {"text": show.figure(value, indicator.decimals), "why": why, "mark": mark, "partial": partial}


def _difference(indicator: Indicator, value: Decimal | None, last: Decimal | None) -> str:
    """“+784.350 (+186.8%)” against last month; empty where there is nothing to compare."""
    if value is None or last is None:
        return ""
    change = value - last
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    text = sign + show.figure(abs(change), indicator.decimals)
    if not last or not change:
        return text
    share = numbers.grouped(abs(change) * 100 / last, 1, get_language() or "en")
    return f"{text} ({sign}{share}%)"


def queue(revisions, today: date) -> list[dict]:
    """What waits for a decision, with how long it waits and what is odd in it."""
    listed = []
    for revision in queries.queue(revisions):
        report = revision.report
        submitted_on = revision.submitted_at.date()
        listed.append(
            {
                "report": report,
                "revision": revision,
                "waiting": (today - submitted_on).days,
                "late": max(0, (submitted_on - report.due).days),
                "findings": len(queries.findings(report, revision)),
                "is_resubmitted": revision.is_resubmitted,
                "is_correction": revision.number > 1,
            }
        )
    return listed
