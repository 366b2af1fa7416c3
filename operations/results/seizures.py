"""Seizures by substance: the weights among the headline numbers, each split into its parts and by country."""

from django.utils.translation import gettext as _

from ..models import Indicator
from . import charts
from .sentences import listed, said
from .tables import Board


def by_area(board: Board) -> dict[str, list[dict]]:
    """Charts of the weights that have parts, by the code of their focus area; the parts in the catalogue's order."""
    weights = [
        one for code, one in board.indicators.items() if code in board.totals and one.unit.code == "kg"
    ]
    parts: dict[int, list[Indicator]] = {}
    known = Indicator.objects.filter(parent__in=weights).select_related("area", "unit")
    for part in known.order_by("position", "code"):
        if part.code in board.totals:
            parts.setdefault(part.parent_id, []).append(part)
    found: dict[str, list[dict]] = {}
    for whole in weights:
        if whole.pk in parts:
            found.setdefault(whole.area.code, []).append(_chart(board, whole, parts[whole.pk]))
    return found


def _chart(board: Board, whole: Indicator, parts: list[Indicator]) -> dict:
    rows = [
        {
            "label": part.short_label,
            "cells": [
                board.cell(board.by_country.get((part.code, country.code)), part, countries=(country.code,))
                for country in board.countries
            ]
            + [board.cell(board.totals[part.code], part) | {"total": True}],
        }
        for part in parts
    ]
    series = [
        {
            "code": country.code,
            "label": country.label,
            "values": [board.value(board.by_country.get((part.code, country.code))) for part in parts],
        }
        for country in board.countries
    ]
    sums = [board.totals[part.code] for part in parts]
    texts = [board.written(total, part) for total, part in zip(sums, parts, strict=True)]
    sentence = said(
        _("%(parts)s; together %(total)s."),
        parts=listed(
            said(_("%(place)s %(number)s"), place=part.short_label, number=board.in_figures(total, part))
            for total, part in zip(sums, parts, strict=True)
        ),
        total=board.in_words(board.totals[whole.code], whole),
    )
    return {
        "id": f"{whole.code}-by-part",
        "area": whole.area.code,
        "heading": _("%(indicator)s by substance, %(unit)s")
        % {"indicator": whole.short_label, "unit": whole.unit.code},
        "sentence": sentence.plain,
        "linked": sentence.linked,
        "note": board.missing_note(),
        "figure": charts.stacked_by_part(
            [part.short_label for part in parts], series, [board.value(one) for one in sums], texts
        ),
        "table": {
            "caption": _("%(indicator)s by substance and country, %(unit)s")
            % {"indicator": whole.label, "unit": whole.unit.plural_label},
            "corner": _("Substance"),
            "columns": board.country_columns(),
            "rows": rows,
            "foot_label": _("Total"),
            "foot": board.country_foot(whole),
        },
        "csv_url": board.csv([part.code for part in parts], "country"),
    }
