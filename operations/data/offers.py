"""What the page of the files offers: every form of a selection with its address, its rows and its bytes."""

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import queries
from . import making, tables, workbook
from .asked import Asked
from .forms import FORMS


def offers(question: Asked, coverage: tuple[int, int], totals: list[dict], absolute) -> list[dict]:
    """Dicts of name, layout, what, rows, size and url; size is None for what is not kept, url for what cannot be had.

    `coverage` is (reports in, reports expected), `totals` the rows of the totals; `absolute` makes a whole address of
    a path.
    """
    selection, by = question.selection, question.by
    reports, figures = coverage[1], coverage[1] * len(queries.entered(selection))
    whole, wide = Asked(selection), Asked(selection, layout="wide")
    split, split_wide = Asked(selection, by), Asked(selection, by, layout="wide")
    places = len(tables.totals_wide(totals, by)[1])
    offered = [
        ("figures.csv", whole, _("Figures as entered, one a row"), figures),
        ("figures.csv", wide, _("Figures with the indicators side by side"), reports),
        ("figures.xlsx", whole, _("Figures as an Excel workbook, with notes and codebook"), figures),
        ("figures.parquet", whole, _("Figures as Parquet, for data frames and databases"), figures),
        ("figures.json", whole, _("Figures for programs"), figures),
        ("figures.sdmx.csv", whole, _("Figures as SDMX-CSV 2.0, for statistical offices"), figures),
        ("totals.csv", split, _("Calculated totals with their coverage"), len(totals)),
        ("totals.csv", split_wide, _("Totals with the indicators side by side"), places),
        ("totals.json", split, _("The same totals for programs"), len(totals)),
        ("package.zip", whole, _("Figures, totals and codebook in one Data Package"), figures),
        ("manifest.json", whole, _("Rows, sums and SHA-256 of the files, to prove that one is whole"), 2),
    ]
    return [
        _offer(name, one, what, rows, absolute)
        for name, one, what, rows in offered
        if not (one.is_wide and "focus_area" in one.by)
    ]


def _offer(name: str, question: Asked, what: str, rows: int, absolute) -> dict:
    layout = question.layout if question.is_wide else ""
    offer = {"name": name, "layout": layout, "what": what, "rows": rows, "size": None, "url": None}
    if why := _why_not(name, question, rows):
        return offer | {"what": why, "rows": None}
    form, selection, language = FORMS[name], question.selection, "en"
    pairs = [("by", one) for one in question.by]
    if question.is_wide:
        pairs.append(("layout", "wide"))
    if form.labelled and name != "manifest.json" and get_language() != settings.LANGUAGE_CODE:
        language = get_language()
        pairs.append(("lang", language))
    query = "&".join(
        filter(None, [f"operation={selection.operation.code}", selection.query(), urlencode(pairs)])
    )
    kept = None if selection.is_live else making.find(question, form.key(question, language))
    return offer | {
        "size": kept and kept.size,
        "url": absolute(f"{reverse('data:' + name.replace('.', '_'))}?{query}"),
    }


def _why_not(name: str, question: Asked, rows: int) -> str:
    """Why there is no such file of this selection; "" where there is."""
    above = queries.calculated(question.selection.operation)
    calculated = [code for code in question.selection.indicators if code in above]
    if calculated and not FORMS[name].calculated:
        return _("Not with %(codes)s, which is calculated; choose its parts.") % {
            "codes": ", ".join(calculated)
        }
    if name == "figures.xlsx" and rows > workbook.ROWS:
        return _("Not as a workbook: a sheet of Excel ends before these rows do.")
    return ""
