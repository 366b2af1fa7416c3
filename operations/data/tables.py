"""What stands in each file: its columns in their order, what they mean, and the rows of the totals.

Names and order are a public contract. A new column comes last and is told in the CHANGELOG.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from .. import months, queries
from ..queries import Total
from ..selections import Selection


@dataclass(frozen=True)
class Column:
    """A column's name, the same in every language, and its meaning in the reader's."""

    name: str
    meaning: str


OPERATION = Column("operation", _("Code of the joint operation"))
COUNTRY = Column("country", _("Country, ISO 3166 alpha-2"))
AGENCY = Column("agency", _("Code of the agency that reports; a country may have two"))
MONTH = Column("month", _("Gregorian month, such as 2025-03"))
FOCUS_AREA = Column("focus_area", _("Code of the focus area"))
RELEASE = Column("release", _("Number of the release, or “live” for what is verified so far"))
UNIT = Column("unit", _("Unit of the value"))

FIGURES = (
    OPERATION,
    COUNTRY,
    AGENCY,
    MONTH,
    FOCUS_AREA,
    Column("indicator", _("Code of the indicator; only what is entered, so that sums never count twice")),
    Column("value", _("Exact decimal with a dot, no grouping; empty where there is none, which is not 0")),
    UNIT,
    Column("obs_status", _("Why there is a value or none; see below")),
    Column("revision", _("Which revision of the report the value is from; empty where none is in")),
    RELEASE,
)

# By what totals may be split, in the file's order whatever the order asked for. The indicator is not among
# them because it is always there: a sum over several indicators would add cases to kilograms.
BY = ("country", "agency", "month", "focus_area")

_SPLITS = {column.name: column for column in (COUNTRY, AGENCY, MONTH, FOCUS_AREA)}
_TOTALS = (
    Column(
        "indicator", _("Code of the indicator, entered or calculated; sums of several would mean nothing")
    ),
    Column("value", _("Exact decimal sum; empty where no report gives a figure, which is not 0")),
    UNIT,
    Column("reports_expected", _("How many monthly reports the sum should stand on")),
    Column("reports_in", _("How many of them are in")),
    Column("complete", _("true where all are in; where false, read the value as “at least”")),
    Column("not_available", _("How many figures of those reports are marked not available")),
)

STATUSES = {
    "A": _("reported"),
    "E": _("estimated"),
    "O": _("not reported"),
    "L": _("not available"),
    "M": _("not applicable"),
}


# What the columns of SDMX say beside the same things under their own names.
SDMX = (
    Column("STRUCTURE", _("What kind of structure the rows follow: a dataflow")),
    Column("STRUCTURE_ID", _("Agency, name and version of the dataflow")),
    Column("ACTION", _("I: the rows inform")),
    Column("FREQ", _("M: monthly")),
    Column("REF_AREA", COUNTRY.meaning),
    Column("OPERATION", OPERATION.meaning),
    Column("AGENCY", AGENCY.meaning),
    Column("FOCUS_AREA", FOCUS_AREA.meaning),
    Column("INDICATOR", FIGURES[5].meaning),
    Column("TIME_PERIOD", MONTH.meaning),
    Column("OBS_VALUE", FIGURES[6].meaning),
    Column("OBS_STATUS", FIGURES[8].meaning),
    Column("UNIT_MEASURE", UNIT.meaning),
    Column("UNIT_MULT", _("The power of ten that the value is to be multiplied with; always 0")),
    Column("DECIMALS", _("How many decimals the value has")),
    Column("REVISION", FIGURES[9].meaning),
    Column("RELEASE", RELEASE.meaning),
)


def figures_wide_names(codes: list[str]) -> list[str]:
    """The columns of the wide figures.csv for these indicators: a value and an obs_status of each."""
    sides = [name for code in codes for name in (code, f"{code}.obs_status")]
    return ["operation", "country", "agency", "month", *sides, "revision", "release"]


def totals_columns(by: tuple[str, ...]) -> list[Column]:
    """The columns of totals.csv when split by these."""
    return [OPERATION, RELEASE, *(_SPLITS[name] for name in BY if name in by), *_TOTALS]


def totals_rows(selection: Selection, by: tuple[str, ...]) -> list[dict]:
    """The totals row by row, each a value by column: text, None for no value, whole numbers, True or False.

    In the Centre's order: area, indicator, month, country, agency.
    """
    dimensions = tuple(name for name in BY if name in by and name in queries.DIMENSIONS)
    names = [column.name for column in totals_columns(by)]
    return [_row(selection, names, total) for total in queries.totals(selection, dimensions)]


def totals_wide(rows: list[dict], by: tuple[str, ...]) -> tuple[list[str], list[dict]]:
    """The same rows with the indicators side by side: the names of the columns, and a row for every place of the split.

    Which reports are in is the same for all indicators, so it stands once; how many marks are in a sum does not.
    """
    sides = ["operation", "release", *(name for name in BY if name in by)]
    found: dict[tuple, dict] = {}
    codes = list(dict.fromkeys(row["indicator"] for row in rows))
    for row in rows:
        place = found.setdefault(
            tuple(row[name] for name in sides),
            {name: row[name] for name in (*sides, "reports_expected", "reports_in", "complete")},
        )
        place[row["indicator"]] = row["value"]
        place[f"{row['indicator']}.not_available"] = row["not_available"]
    indicators = [name for code in codes for name in (code, f"{code}.not_available")]
    return [*sides, *indicators, "reports_expected", "reports_in", "complete"], list(found.values())


def _row(selection: Selection, names: list[str], total: Total) -> dict:
    row = {
        "operation": selection.operation.code,
        "release": selection.version,
        "country": total.country,
        "agency": total.agency,
        "month": total.month and months.written(total.month),
        "focus_area": total.area,
        "indicator": total.indicator,
        "value": None if total.value is None else f"{total.value:f}",
        "unit": total.unit,
        "reports_expected": total.reports_expected,
        "reports_in": total.reports_in,
        "complete": total.is_complete,
        "not_available": total.not_available,
    }
    return {name: row[name] for name in names}
