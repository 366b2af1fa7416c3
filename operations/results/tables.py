"""What the results show, ready for templates: the board of tiles, charts and tables, receipts, releases."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import months, numbers, queries
from ..data import choices
from ..models import Agency, Country, Indicator, Mark, Unit
from ..selections import Selection
from ..templatetags.show import figure, month, month_short
from . import charts, sparks
from .sentences import Said, listed, number, said


def receipt_url(selection: Selection, indicator: str, **narrowed) -> str:
    """Where a number is explained: the selection, narrowed to the country or the month that the number is for."""
    if "month" in narrowed:
        narrowed["first"] = narrowed["last"] = narrowed.pop("month")
    address = reverse("results:explain", args=[selection.operation.code])
    return f"{address}?{selection.narrowed(areas=(), indicators=(), **narrowed).query(indicator=indicator)}"


def amount(value: Decimal | None, indicator: Indicator) -> tuple[str, str]:
    """A headline number and its unit as shown: large weights in tonnes; ("", unit) for no value."""
    if value is not None and indicator.unit.code == "kg" and value >= numbers.TONNES_FROM:
        return figure(numbers.tonnes(value), 2), "t"
    return figure(value, indicator.decimals), "kg" if indicator.unit.code == "kg" else ""


class Board:
    """All that a results page shows of one selection; every number is of `queries.totals` and links to its receipt.

    `earlier` says how a headline number has moved against an earlier operation; see comparing.Earlier.
    """

    def __init__(self, selection: Selection, earlier=None):
        self.selection, self.earlier = selection, earlier
        headline = Indicator.objects.filter(parent=None).select_related("area", "unit")
        self.indicators = {one.code: one for one in headline.order_by("area__position", "position", "code")}
        self.totals = {one.indicator: one for one in queries.totals(selection)}
        self.by_country = {
            (one.indicator, one.country): one for one in queries.totals(selection, ("country",))
        }
        self.by_month = {(one.indicator, one.month): one for one in queries.totals(selection, ("month",))}
        self.cells = {
            (one.indicator, one.month, one.country): one
            for one in queries.totals(selection, ("month", "country"))
        }
        countries = Country.objects.filter(agencies__operations=selection.operation).distinct()
        self.countries = [
            one for one in countries if not selection.countries or one.code in selection.countries
        ]
        self.months = list(months.span(selection.first, selection.last))

    def areas(self) -> list[dict]:
        """The focus areas with tiles and charts, those of the selection only."""
        grouped = defaultdict(list)
        for code, indicator in self.indicators.items():
            if code in self.totals:
                grouped[indicator.area].append(indicator)
        return [
            {
                "code": area.code,
                "label": area.label,
                "description": area.text("description"),
                "tiles": [self.tile(indicator) for indicator in indicators],
                "charts": [self.by_month_chart(indicators[0]), self.by_country_chart(indicators[0])],
            }
            for area, indicators in grouped.items()
        ]

    def tile(self, indicator: Indicator) -> dict:
        total = self.totals[indicator.code]
        value, unit = amount(total.value, indicator)
        return {
            "label": indicator.short_label,
            "value": value,
            "unit": unit,
            "href": receipt_url(self.selection, indicator.code),
            "coverage": choices.reports_sentence(total.reports_in, total.reports_expected),
            "complete": total.is_complete,
            "note": _without(total.not_available),
            "spark": sparks.path(
                [self.value(self.by_month.get((indicator.code, one))) for one in self.months]
            ),
            "change": self.earlier.change(total, indicator) if self.earlier else None,
        }

    def by_month_chart(self, indicator: Indicator) -> dict:
        code = indicator.code
        labels = self.month_labels()
        partial = [self.selection.operation.is_partial(one) for one in self.months]
        sums = [self.by_month.get((code, one)) for one in self.months]
        sentence = self._month_sentence(indicator)
        series = [
            {
                "code": country.code,
                "label": country.label,
                "values": [self.value(self.cells.get((code, one, country.code))) for one in self.months],
            }
            for country in self.countries
        ]
        return {
            "id": f"{code}-by-month",
            "area": indicator.area.code,
            "heading": _("%(indicator)s by month") % {"indicator": indicator.short_label},
            "sentence": sentence.plain,
            "linked": sentence.linked,
            "note": self._month_note(indicator, partial),
            "figure": charts.stacked_by_month(
                labels,
                partial,
                series,
                [self.value(one) for one in sums],
                [one is None or one.is_complete for one in sums],
            ),
            "table": self.month_table(indicator),
            "csv_url": self.csv([code], "month", "country"),
        }

    def by_country_chart(self, indicator: Indicator) -> dict:
        code = indicator.code
        totals = [self.by_country.get((code, country.code)) for country in self.countries]
        whole = self.totals[code]
        sentence = said(
            _("%(parts)s; together %(total)s."),
            parts=listed(
                said(
                    _("%(place)s %(number)s"),
                    place=country.label,
                    number=self.in_figures(total, indicator, countries=(country.code,)),
                )
                for country, total in zip(self.countries, totals, strict=True)
            ),
            total=self.in_words(whole, indicator),
        )
        shown = [
            {
                "code": country.code,
                "label": country.label,
                "value": self.value(total),
                "text": self.written(total, indicator),
            }
            for country, total in zip(self.countries, totals, strict=True)
        ]
        rows = [
            {
                "label": country.label,
                "country": country.code,
                "href": self._narrowed_url(countries=(country.code,)),
                "cells": [
                    self.cell(total, indicator, countries=(country.code,)),
                    {"text": _share(total, whole), "why": _("no share of what is not whole")},
                ],
            }
            for country, total in zip(self.countries, totals, strict=True)
        ]
        return {
            "id": f"{code}-by-country",
            "area": indicator.area.code,
            "heading": _("%(indicator)s by country") % {"indicator": indicator.short_label},
            "sentence": sentence.plain,
            "linked": sentence.linked,
            "note": self.missing_note(),
            "figure": charts.bars_by_country(shown),
            "table": {
                "caption": _("%(indicator)s by country") % {"indicator": indicator.label},
                "corner": _("Country"),
                "columns": [{"label": indicator.unit.plural_label}, {"label": _("Share")}],
                "rows": rows,
                "foot_label": _("Total"),
                "foot": [self.cell(whole, indicator), {"text": _share(whole, whole), "why": " "}],
            },
            "csv_url": self.csv([code], "country"),
        }

    def month_table(self, indicator: Indicator) -> dict:
        code = indicator.code
        return {
            "caption": _("%(indicator)s by month and country, %(unit)s")
            % {"indicator": indicator.label, "unit": indicator.unit.plural_label},
            "corner": _("Month"),
            "columns": self.country_columns(),
            "rows": [
                {
                    "label": month(one) + (" *" if self.selection.operation.is_partial(one) else ""),
                    "href": self._narrowed_url(first=one, last=one),
                    "cells": [
                        self.cell(
                            self.cells.get((code, one, country.code)),
                            indicator,
                            month=one,
                            countries=(country.code,),
                        )
                        for country in self.countries
                    ]
                    + [self.cell(self.by_month.get((code, one)), indicator, month=one) | {"total": True}],
                }
                for one in self.months
            ],
            "foot_label": _("Total"),
            "foot": self.country_foot(indicator),
        }

    def country_columns(self) -> list[dict]:
        """The heads of a table by country: the countries, then their total."""
        return [{"label": one.label, "country": one.code} for one in self.countries] + [{"label": _("Total")}]

    def country_foot(self, indicator: Indicator) -> list[dict]:
        """The sums under the countries, then the sum of all."""
        totals = [self.by_country.get((indicator.code, country.code)) for country in self.countries]
        cells = [
            self.cell(total, indicator, countries=(country.code,))
            for country, total in zip(self.countries, totals, strict=True)
        ]
        return [*cells, self.cell(self.totals[indicator.code], indicator)]

    def coverage(self) -> dict:
        """The grid of agencies by months: which reports every total on the page is the sum of."""
        in_it = queries.coverage(self.selection)
        agencies = Agency.objects.filter(code__in={agency for agency, _month in in_it}).select_related(
            "country"
        )
        return {
            "caption": _("Which reports are in, by agency and month"),
            "columns": [{"label": self.month_label(one)} for one in self.months],
            "rows": [
                {
                    "label": agency.in_short,
                    "country": agency.country.code,
                    "cells": [
                        {"state": "verified" if in_it[agency.code, one] else "expected"}
                        if (agency.code, one) in in_it
                        else None
                        for one in self.months
                    ],
                }
                for agency in agencies
            ],
        }

    def value(self, total) -> Decimal | None:
        return total.value if total else None

    def cell(self, total, indicator: Indicator, **narrowed) -> dict:
        if total is None or total.value is None:
            return {"text": "", "why": _without(total.not_available) if total else ""}
        return {
            "text": figure(total.value, indicator.decimals),
            "href": receipt_url(self.selection, indicator.code, **narrowed),
            "partial": not total.is_complete,
        }

    def _narrowed_url(self, **narrowed) -> str:
        """This page of a country or of a month alone."""
        address = reverse("results:operation", args=[self.selection.operation.code])
        return f"{address}?{self.selection.narrowed(**narrowed).query()}"

    def month_labels(self) -> list[str]:
        return [self.month_label(one) for one in self.months]

    def month_label(self, one) -> str:
        years = self.selection.first.year != self.selection.last.year
        return f"{month_short(one)} {one.year}" if years else month_short(one)

    def _month_sentence(self, indicator: Indicator) -> Said:
        """What the chart shows, in words: the total and the month with most, countries never ranked."""
        total = self.totals[indicator.code]
        if total.value is None:
            return said(_("No report of these months is in."))
        words = {
            "first": month(self.selection.first),
            "last": month(self.selection.last),
            "total": self.in_words(total, indicator),
        }
        if len(self.months) == 1:
            return said(_("%(first)s: %(total)s."), **words)
        if not total.is_complete:  # the month with most might be one that is not in yet
            return said(_("%(first)s to %(last)s: %(total)s."), **words)
        counted = [
            self.by_month[indicator.code, one]
            for one in self.months
            if (indicator.code, one) in self.by_month
        ]
        most = max(counted, key=lambda one: one.value or 0)
        words |= {
            "month": month(most.month),
            "most": self.in_figures(most, indicator, month=most.month),
        }
        return said(_("%(first)s to %(last)s: %(total)s; most in %(month)s, %(most)s."), **words)

    def _month_note(self, indicator: Indicator, partial: list[bool]) -> str:
        """What a reader of the columns must know: partial months, and months whose reports are not all in."""
        notes = []
        if any(partial):
            notes.append(_("Hatched: the operation covers only a part of this month."))
        notes.append(self.missing_note())
        return " ".join(filter(None, notes))

    def missing_note(self) -> str:
        """For which months reports are not in yet; nothing where all are."""
        code = next(iter(self.totals), None)  # a report is in or not, whatever the indicator
        by_month = [(one, self.by_month.get((code, one))) for one in self.months]
        missing = [self.month_label(one) for one, total in by_month if total and not total.is_complete]
        if not missing:
            return ""
        return _("≥: at least. Reports are still missing for %(months)s.") % {"months": ", ".join(missing)}

    def in_words(self, total, indicator: Indicator, **narrowed) -> Said | str:
        """“8,012 cases”, “at least 7 cases” or “not reported”, the number linked to its receipt."""
        if total is None or total.value is None:
            return _("not reported")
        href = receipt_url(self.selection, indicator.code, **narrowed)
        shown = said(
            "%(number)s %(unit)s",
            number=number(figure(total.value, indicator.decimals), href),
            unit=indicator.unit.plural_label,
        )
        return shown if total.is_complete else said(_("at least %(amount)s"), amount=shown)

    def in_figures(self, total, indicator: Indicator, **narrowed) -> Said | str:
        """The same without the unit."""
        if total is None or total.value is None:
            return _("not reported")
        href = receipt_url(self.selection, indicator.code, **narrowed)
        shown = number(figure(total.value, indicator.decimals), href)
        return shown if total.is_complete else said(_("at least %(amount)s"), amount=shown)

    def written(self, total, indicator: Indicator) -> str:
        """The number as it stands in a chart; nothing where no report gives one."""
        if total is None or total.value is None:
            return ""
        shown = figure(total.value, indicator.decimals)
        return shown if total.is_complete else f"≥ {shown}"

    def csv(self, indicators: list[str], *by: str) -> str:
        """The address of the file with the sums behind a chart."""
        query = self.selection.narrowed(areas=(), indicators=tuple(indicators)).query()
        columns = "".join(f"&by={name}" for name in by)
        return f"{reverse('data:totals_csv')}?operation={self.selection.operation.code}&{query}{columns}"


def _share(total, whole) -> str:
    """“13.4%”; nothing where either is not whole, since the share would move with every report."""
    if total is None or not (
        total.value is not None and total.is_complete and whole.is_complete and whole.value
    ):
        return ""
    percent = (total.value * 100 / whole.value).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{figure(percent, 1)}%"


def _without(count: int) -> str:
    """How many figures were marked not available; nothing for none."""
    if not count:
        return ""
    return ngettext("%(count)s figure not available", "%(count)s figures not available", count) % {
        "count": count
    }


def receipt(selection: Selection, indicator: Indicator) -> dict:
    """The receipt of one total: its lines, the formula in words, what is missing from it."""
    selection = selection.narrowed(areas=(), indicators=(indicator.code,))
    (total,) = queries.totals(selection)
    lines = queries.receipt(selection, indicator)
    agencies = {one.code: one for one in Agency.objects.select_related("country")}
    leaves = {one.code: one for one in queries.leaves(selection.operation)}
    units = {one.code: one for one in Unit.objects.all()}
    shown, unit = amount(total.value, indicator)
    return {
        "indicator": indicator,
        "value": shown,
        "unit": unit or indicator.unit.plural_label,
        "exact": f"{figure(total.value, indicator.decimals)} {indicator.unit.plural_label}" if shown else "",
        "parts": [leaves[code].label for code in dict.fromkeys(line.indicator for line in lines)],
        "definition": indicator.text("definition"),
        "counting_rule": indicator.text("counting_rule"),
        "place": _place(selection),
        "records": lines,
        "lines": [
            _line(line, agencies, leaves, units)
            | {
                # To the one figure, which has its history there; nothing where this is it.
                "href": receipt_url(
                    selection, line.indicator, agencies=(line.agency,), countries=(), month=line.month
                )
                if len(lines) > 1
                else ""
            }
            for line in lines
            if line.value is not None or line.mark
        ],
        "figure_count": sum(line.value is not None for line in lines),
        "missing": [
            _line(line, agencies, leaves, units) for line in lines if line.value is None and not line.mark
        ],
        "not_available": _without(total.not_available),
        "more_than_one_part": len({line.indicator for line in lines}) > 1,
        "csv_url": f"{reverse('data:figures_csv')}?operation={selection.operation.code}&"
        + selection.narrowed(indicators=tuple(dict.fromkeys(line.indicator for line in lines))).query(),
    }


def _line(line, agencies, leaves, units) -> dict:
    indicator = leaves[line.indicator]
    as_reported = ""
    if line.factor is not None:
        as_reported = _("%(quantity)s %(unit)s × %(factor)s") % {
            "quantity": figure(line.quantity, max(0, -line.quantity.as_tuple().exponent)),
            "unit": units[line.unit].plural_label,
            "factor": f"{line.factor:f} {indicator.unit.code}",
        }
    return {
        "record": line,
        "agency": agencies[line.agency].in_short,
        "country": agencies[line.agency].country.code,
        "month": month(line.month),
        "indicator": indicator.label,
        "value": figure(line.value, indicator.decimals),
        "mark": Mark(line.mark).label if line.mark else "",
        "as_reported": as_reported,
    }


def _place(selection: Selection) -> str:
    """The countries or agencies and the months of a selection, in words."""
    countries = Country.objects.filter(agencies__operations=selection.operation).distinct()
    named = [one.label for one in countries if not selection.countries or one.code in selection.countries]
    if selection.agencies:
        named = [
            one.in_short
            for one in Agency.objects.filter(code__in=selection.agencies).select_related("country")
        ]
    span = month(selection.first)
    if selection.last != selection.first:
        span = f"{span} – {month(selection.last)}"
    return f"{', '.join(named)} · {span}"


def release(found) -> dict:
    """A release with what it took in since the one before."""
    earlier = queries.release_before(found)
    return {
        "release": found,
        "demonstration": found.operation.is_demonstration,
        "earlier": earlier,
        "superseded_by": queries.superseded_by(found),
        "reports_expected": found.operation.reports.filter(month__lte=found.last_month).count(),
        "moved": queries.moved_since(found) if earlier else [],
        "results_url": f"{reverse('results:operation', args=[found.operation.code])}?release={found.number}",
    }


def standings(reports, today) -> dict:
    """Agencies by months with the state of each report, for whoever makes a release."""
    span, agencies = queries.grid(reports)
    return {
        "caption": _("State of each report, by agency and month"),
        "columns": [{"label": f"{month_short(one)} {one.year}"} for one in span],
        "legend": True,
        "rows": [
            {
                "label": agency.in_short,
                "country": agency.country.code,
                "cells": [_standing(report, today) for report in its_reports],
            }
            for agency, its_reports in agencies
        ],
    }


def _standing(report, today) -> dict | None:
    if report is None:
        return None
    # An open correction takes nothing away: the verified revision before it still counts.
    standing = "verified" if report.has_verified else report.standing
    return {"state": "overdue" if report.is_overdue(today) else standing}


def downloads(selection: Selection) -> list[dict]:
    """The files of a selection, in the order of their use."""
    query = f"?operation={selection.operation.code}&{selection.query()}"
    split = "&by=country&by=month"
    return [
        {"label": _("Figures as entered (CSV)"), "url": reverse("data:figures_csv") + query},
        {"label": _("Totals by country and month (CSV)"), "url": reverse("data:totals_csv") + query + split},
        {"label": _("Totals (JSON)"), "url": reverse("data:totals_json") + query},
        {"label": _("Choose and preview"), "url": reverse("data:index") + query},
    ]
