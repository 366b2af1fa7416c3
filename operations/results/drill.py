"""The way down from a number: by country, then agency, by month and by part, until one figure with its history."""

from django.utils.translation import gettext as _

from .. import queries
from ..models import Agency, Country, Indicator, Mark, Revision
from ..queries import Total
from ..selections import Selection
from ..templatetags.show import figure, month
from .tables import receipt_url


def tables(selection: Selection, indicator: Indicator) -> list[dict]:
    """The next splits of a receipt's number, each row with its own receipt; see templates/_table.html.

    By country, or within one country by agency; by month; by part. None that would have one row only.
    """
    asked = selection.narrowed(areas=(), indicators=(indicator.code,))
    found = [_by_country(asked, indicator) or _by_agency(asked, indicator), _by_month(asked, indicator)]
    return [one for one in [*found, _by_part(asked, indicator)] if one]


def history(selection: Selection, indicator: Indicator, lines) -> list[dict] | None:
    """How the one figure of a receipt changed; None where the receipt is of more than one.

    `lines` are those of the receipt; revisions that no reader of this selection may know are not there.
    """
    if len(lines) != 1 or lines[0].indicator != indicator.code:
        return None
    (line,) = lines
    at = selection.narrowed(first=line.month, last=line.month)
    return [
        {
            "stand": one,
            "value": figure(one.value, indicator.decimals),
            "mark": Mark(one.mark).label if one.mark else "",
            "reason": _reason(one),
            "releases": ", ".join(str(number) for number in one.releases),
            "is_shown": one.revision == line.revision,
        }
        for one in queries.history(at, line.agency, indicator)
    ]


def _reason(stand) -> str:
    if not stand.reason_code:
        return ""
    label = Revision.Reason(stand.reason_code).label
    return f"{label}: {stand.reason}"


def _by_country(selection: Selection, indicator: Indicator) -> dict | None:
    totals = queries.totals(selection, ("country",))
    if len(totals) < 2:
        return None
    labels = {one.code: one.label for one in Country.objects.all()}
    rows = [
        _row(selection, indicator, total, labels[total.country], countries=(total.country,))
        | {"country": total.country}
        for total in totals
    ]
    return _table(indicator, _("By country"), _("Country"), rows)


def _by_agency(selection: Selection, indicator: Indicator) -> dict | None:
    totals = queries.totals(selection, ("agency",))
    if len(totals) < 2:
        return None
    agencies = {one.code: one for one in Agency.objects.select_related("country")}
    rows = [
        _row(selection, indicator, total, agencies[total.agency].in_short, agencies=(total.agency,))
        | {"country": agencies[total.agency].country.code}
        for total in totals
    ]
    return _table(indicator, _("By agency"), _("Agency"), rows)


def _by_month(selection: Selection, indicator: Indicator) -> dict | None:
    totals = queries.totals(selection, ("month",))
    if len(totals) < 2:
        return None
    rows = [_row(selection, indicator, total, month(total.month), month=total.month) for total in totals]
    return _table(indicator, _("By month"), _("Month"), rows)


def _by_part(selection: Selection, indicator: Indicator) -> dict | None:
    parts = {one.code: one for one in indicator.children.select_related("area", "unit")}
    if not parts:
        return None
    totals = queries.totals(selection.narrowed(indicators=tuple(parts)))
    rows = [_row(selection, parts[one.indicator], one, parts[one.indicator].label) for one in totals]
    return _table(indicator, _("By part"), _("Indicator"), rows)


def _row(selection: Selection, indicator: Indicator, total: Total, label: str, **narrowed) -> dict:
    cell = {"text": ""}
    if total.value is not None:
        cell = {
            "text": figure(total.value, indicator.decimals),
            "href": receipt_url(selection, indicator.code, **narrowed),
            "partial": not total.is_complete,
        }
    elif total.not_available:
        cell["why"] = Mark.NOT_AVAILABLE.label
    return {"label": label, "cells": [cell]}


def _table(indicator: Indicator, caption: str, corner: str, rows: list[dict]) -> dict:
    return {
        "caption": caption,
        "corner": corner,
        "columns": [{"label": indicator.unit.plural_label}],
        "rows": rows,
    }
