"""The briefing: a selection of the results on one page of A4, set by typst.

`content` says in plain values what the page says, `pdf` sets it by templates/briefing.typ. Floats are for drawing only.
"""

import json
import math
import threading
import unicodedata
from decimal import Decimal
from functools import cache

import typst
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import months
from ..data import choices
from ..models import Country, Indicator
from ..selections import Selection
from ..templatetags.show import day, figure, month
from .tables import Board, receipt_url

CHARTS = 3  # as many as one row of the page holds
GRIDLINES = 4
# typst remembers all it laid out until so many documents later, which would be 600 MB; the next eleven are empty ones.
FORGOTTEN_AFTER = 11


def content(board: Board, *, as_of: str, superseded_by, reports: tuple[int, int], site: str) -> dict:
    """What the page says of a board, in the reader's language; numbers are text as on the results page.

    `reports` is (in, expected), `as_of` a moment in words, `superseded_by` a release or None, `site` how every
    address begins.
    """
    selection = board.selection
    operation = selection.operation
    areas = [_card(area) for area in board.areas()]
    coverage = _coverage(board)
    countries = _countries(board)
    charts = [_month_chart(board, one, countries, coverage["months"]) for one in _charted(board)]
    first, last = selection.first, selection.last
    days = max(operation.first_day, first), min(operation.last_day, months.last_day(last))
    return {
        "language": get_language() or "en",
        "title": _("%(name)s: results") % {"name": operation.label},
        "site_name": _("Safe Lancang–Mekong"),
        "site_note": _("Joint operation results · LMLECC"),
        "kind": _("Briefing"),
        "days": f"{day(days[0])} – {day(days[1])}",
        "version": choices.version_label(selection),
        "is_live": selection.is_live,
        "reports": choices.reports_sentence(*reports),
        "is_complete": reports[0] == reports[1],
        "warnings": _warnings(operation, superseded_by),
        "areas": areas,
        "notes": list(dict.fromkeys(chart["note"] for chart in charts if chart["note"])),
        "countries": [{"code": one.code, "label": one.label} for one in countries],
        "charts": charts,
        "table": _country_table(board, countries),
        "coverage": coverage,
        "facts": _facts(selection, areas, countries, coverage),
        "as_of": _("As of %(as_of)s") % {"as_of": as_of},
        "site_address": site,
        "address": f"{site}{reverse('results:operation', args=[operation.code])}?{selection.query()}",
        "source": _(
            "Source: Lancang–Mekong Integrated Law Enforcement and Security Cooperation Center (LMLECC)"
        ),
        "words": {
            "at_least": _("at least"),
            "not_reported": _("not reported"),
            "nothing": _("Nothing of this is collected by the operation."),
            "agency": _("Agency"),
            "reports": _("Reports"),
            "coverage": _("Which reports are in"),
            "live_page": _("This page on the site, with every number's receipt"),
        },
    }


def file_name(selection: Selection) -> str:
    """`SLM-2025-release-1-briefing.pdf`, of letters, digits and dashes alone."""
    version = f"release-{selection.version}" if selection.release else "live"
    if selection.as_of:
        version = f"as-of-{selection.as_of:%Y-%m-%d}"
    return f"{selection.operation.code}-{version}-briefing.pdf"


def pdf(said: dict) -> bytes:
    """The page as tagged PDF (PDF/UA-1). Nothing in `said` is ever read as typst's markup.

    Other threads run meanwhile, but a compiler serves one at a time.
    """
    text = unicodedata.normalize("NFC", json.dumps(said, ensure_ascii=False))
    with _one_at_a_time:
        page, nothing = _compilers()
        made = page.compile(format="pdf", sys_inputs={"said": text}, pdf_standards=["ua-1"])
        for _age in range(FORGOTTEN_AFTER):
            nothing.compile(input=b"", format="svg")
    return made


_one_at_a_time = threading.Lock()


@cache
def _compilers() -> tuple[typst.Compiler, typst.Compiler]:
    """One for the page, kept for its fonts, and one for empty documents.

    Made at the first briefing of a process: typst's threads do not outlive the fork of a worker.
    """
    folder = settings.BASE_DIR / "templates"
    fonts, none = (
        typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)
        for paths in ([folder / "fonts"], [])
    )
    return typst.Compiler(folder / "briefing.typ", root=folder, font_paths=fonts), typst.Compiler(
        font_paths=none
    )


def _warnings(operation, superseded_by) -> list[str]:
    warnings = []
    if operation.is_demonstration:
        warnings.append(
            _("Demonstration: these figures are invented; where totals were published, they add up to them.")
        )
    if superseded_by:
        warnings.append(
            _("This release is superseded by release %(number)s; it stays as it was.")
            % {"number": superseded_by.number}
        )
    return warnings


def _shown(board: Board) -> list[Indicator]:
    """The headline indicators of the selection, in order."""
    return [indicator for code, indicator in board.indicators.items() if code in board.totals]


def _countries(board: Board) -> list[Country]:
    """Those of which a report is expected; where agencies are chosen that is not every country."""
    expected = {country for _indicator, country in board.by_country}
    return [one for one in board.countries if one.code in expected]


def _charted(board: Board) -> list[Indicator]:
    """Those drawn by month: the first of each area, and where there are few areas the next ones too."""
    shown = _shown(board)
    firsts = list({one.area: one for one in reversed(shown)}.values())[::-1]
    others = [one for one in shown if one not in firsts]
    chosen = [*firsts, *others][:CHARTS]
    return [one for one in shown if one in chosen]


def _card(area: dict) -> dict:
    """Of a focus area of the board what is printed."""
    printed = ("label", "value", "unit", "href", "complete", "note")
    tiles = [
        {name: tile[name] for name in printed} | {"change": _change(tile["change"])} for tile in area["tiles"]
    ]
    return {"code": area["code"], "label": area["label"], "tiles": tiles}


def _change(change: dict | None) -> dict | None:
    """Against the same months of an earlier operation: {text, base, href}, None where nothing can be compared."""
    if change is None:
        return None
    return {
        "text": _("%(text)s on %(on)s:") % {"text": change["text"], "on": change["on"]},
        "base": f"{change['base']} {change['unit']}".strip(),
        "href": change["href"],
    }


def _month_chart(board: Board, indicator: Indicator, countries: list[Country], labels: list[str]) -> dict:
    """Columns of months stacked by country, in parts of the axis, whose highest line is 1; None: no figure at all."""
    told = board.by_month_chart(indicator)
    code = indicator.code
    stacks = [[board.cells.get((code, one, country.code)) for country in countries] for one in board.months]
    values = [[cell.value if cell else None for cell in stack] for stack in stacks]
    sums = [sum((one for one in stack if one is not None), Decimal(0)) for stack in values]
    lines = _lines(max(sums, default=Decimal(0)), indicator.decimals)
    top = lines[-1]
    decimals = max(0, -lines[1].normalize().as_tuple().exponent)
    return {
        "area": indicator.area.code,
        "area_label": indicator.area.label,
        "heading": str(told["heading"]),
        "sentence": str(told["sentence"]),
        "note": str(told["note"]),
        "lines": [{"at": float(line / top), "text": figure(line, decimals)} for line in lines],
        "months": [
            {
                "label": label,
                "partial": board.selection.operation.is_partial(one),
                "parts": None
                if all(value is None for value in stack)
                else [float((value or 0) / top) for value in stack],
            }
            for one, label, stack in zip(board.months, labels, values, strict=True)
        ],
    }


def _lines(highest: Decimal, decimals: int) -> list[Decimal]:
    """The values of the gridlines of an axis that reaches `highest`, from 0 up, in even steps of 1, 2 or 5."""
    smallest = Decimal(1).scaleb(-decimals)
    wanted = max(highest / GRIDLINES, smallest)
    power = Decimal(1).scaleb(wanted.adjusted())
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= wanted)
    return [step * number for number in range(max(1, math.ceil(highest / step)) + 1)]


def _country_table(board: Board, countries: list[Country]) -> dict:
    """Every headline by country, area by area, each with the share of its row's largest that its bar shows."""
    areas = {}
    for indicator in _shown(board):
        of_countries = [board.by_country.get((indicator.code, one.code)) for one in countries]
        largest = max((one.value for one in of_countries if one and one.value), default=None)
        area = {"code": indicator.area.code, "label": indicator.area.label, "rows": []}
        areas.setdefault(indicator.area.code, area)["rows"].append(
            {
                "label": indicator.short_label,
                "unit": indicator.unit.code if indicator.unit.code == "kg" else "",
                "cells": [
                    _cell(board, indicator, total, largest, countries=(country.code,))
                    for country, total in zip(countries, of_countries, strict=True)
                ],
                "total": _cell(board, indicator, board.totals[indicator.code]),
            }
        )
    return {"heading": _("By country"), "total": _("Total"), "areas": list(areas.values())}


def _cell(board: Board, indicator: Indicator, total, largest: Decimal | None = None, **narrowed) -> dict:
    """One sum with the address of its receipt."""
    value = total.value if total else None
    return {
        "text": figure(value, indicator.decimals),
        "is_complete": total.is_complete if total else True,
        "share": float(value / largest) if value and largest else 0,
        "href": receipt_url(board.selection, indicator.code, **narrowed),
    }


def _coverage(board: Board) -> dict:
    """Agencies by months: True where the report is in, False where it is missing, None where none is expected."""
    grid = board.coverage()
    rows = []
    for row in grid["rows"]:
        found = [None if cell is None else cell["state"] == "verified" for cell in row["cells"]]
        expected = [one for one in found if one is not None]
        rows.append(
            {
                "label": row["label"],
                "country": row["country"],
                "cells": found,
                "count": _("%(filled)s of %(wanted)s") % {"filled": sum(expected), "wanted": len(expected)},
            }
        )
    return {"caption": grid["caption"], "months": [one["label"] for one in grid["columns"]], "rows": rows}


def _facts(selection: Selection, areas: list[dict], countries: list[Country], coverage: dict) -> list[dict]:
    """What a reader must never have to ask: which figures, months, countries and areas."""
    span = month(selection.first)
    if selection.first != selection.last:
        span = f"{span} – {month(selection.last)}"
    facts = [
        (_("Figures"), [choices.version_label(selection)]),
        (_("Months"), [span]),
        (_("Countries"), [one.label for one in countries]),
        (_("Agency"), [row["label"] for row in coverage["rows"]] if selection.agencies else []),
        (_("Areas"), [area["label"] for area in areas]),
    ]
    return [{"label": label, "text": ", ".join(texts)} for label, texts in facts if texts]
