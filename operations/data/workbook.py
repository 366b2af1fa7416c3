"""The figures as an Excel workbook: typed cells at full precision, what they mean on sheets beside them, no formula."""

from datetime import UTC, datetime, time
from decimal import Decimal

import xlsxwriter
from django.utils.translation import gettext as _

from .. import queries
from ..models import Indicator
from ..selections import Selection, Unselectable
from . import codebook
from .asked import Asked
from .choices import reports_sentence, version_label
from .citing import CENTRE, citation
from .making import Document
from .tables import FIGURES, STATUSES

ROWS = 1_048_575  # under the heading; Excel has no more
DIGITS = 15  # of a number in Excel; a longer one stays text, so that no digit is lost
# No cell is ever taken for anything but what it is.
AS_IS = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
WIDTHS = {"indicator": 30, "value": 22, "definition": 60, "counting_rule": 60, "name": 40}


def figures_xlsx(question: Asked, coverage: tuple[int, int]) -> Document:
    """The rows of figures.csv, notes and the codebook, in the active language where there are words."""
    selection = question.selection
    rows = coverage[1] * len(queries.entered(selection))
    if rows > ROWS:
        raise Unselectable(
            _(
                "A sheet of Excel ends at %(most)s rows, and these are %(rows)s: narrow the selection, or take the CSV."
            )
            % {"most": ROWS + 1, "rows": rows},
            "",
        )
    return Document(rows, lambda sink: _write(sink, selection, coverage))


def _write(sink, selection: Selection, coverage: tuple[int, int]) -> None:
    book = xlsxwriter.Workbook(sink, {"constant_memory": True, **AS_IS})
    # Not the moment of the writing: the same release is the same file.
    created = selection.release.at if selection.release else selection.operation.first_day
    if not isinstance(created, datetime):
        created = datetime.combine(created, time(), UTC)
    title = f"{selection.operation.label}, {version_label(selection)}"
    book.set_properties({"title": title, "author": CENTRE, "created": created.replace(tzinfo=None)})
    long = _figures(book, selection)
    _notes(book, selection, coverage, title, long)
    _codebook(book, selection)
    book.close()


def _figures(book, selection: Selection) -> int:
    """The sheet of the rows; comes back with how many values are too long for a number."""
    decimals = dict(Indicator.objects.values_list("code", "decimals"))
    forms = [book.add_format({"num_format": f"0.{'0' * places}".rstrip(".")}) for places in range(4)]
    names = [column.name for column in FIGURES]
    indicator, value, revision = (names.index(name) for name in ("indicator", "value", "revision"))
    sheet = _sheet(book, "Figures", names)
    long = 0
    for number, row in enumerate(queries.figures(selection), 1):
        for column, content in enumerate(row):
            if content is None:
                continue
            if column == value and len(content.normalize().as_tuple().digits) <= DIGITS:
                sheet.write_number(number, column, content, forms[decimals[row[indicator]]])
            elif column == revision:
                sheet.write_number(number, column, content)
            else:
                long += column == value
                sheet.write_string(number, column, _text(content))
    return long


def _notes(book, selection: Selection, coverage: tuple[int, int], title: str, long: int) -> None:
    sheet = book.add_worksheet("Notes")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    lines = [(_("Figures"), title)]
    if selection.operation.is_demonstration:
        lines.append((_("Demonstration"), _("The figures are invented.")))
    lines += [
        (_("Reports"), reports_sentence(*coverage)),
        (_("Cite as"), citation(selection, "figures.csv")),
        (
            _("Numbers"),
            _("Exact, with all their decimals. An empty value is not 0: obs_status says why there is none."),
        ),
    ]
    if long:
        lines.append(
            (_("Text"), _("Values of more than 15 digits are text, for Excel would round them: %s.") % long)
        )
    lines.append(("", ""))
    lines += [(column.name, column.meaning) for column in FIGURES]
    lines.append(("", ""))
    lines += [(f"obs_status {code}", meaning) for code, meaning in STATUSES.items()]
    for number, pair in enumerate(lines):
        for column, text in enumerate(pair):
            sheet.write_string(number, column, str(text))


def _codebook(book, selection: Selection) -> None:
    names = [column.name for column in codebook.COLUMNS]
    sheet = _sheet(book, "Codebook", names)
    found = codebook.rows(selection.operation, queries.entered(selection))
    for number, row in enumerate(found, 1):
        for column, name in enumerate(names):
            content = row[name]
            if isinstance(content, int):
                sheet.write_number(number, column, content)
            elif content:
                sheet.write_string(
                    number, column, " ".join(content) if isinstance(content, list) else str(content)
                )


def _sheet(book, name: str, columns: list[str]):
    """A sheet with its headings, which stay in sight."""
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, WIDTHS.get(column, 14))
        sheet.write_string(0, number, column, bold)
    return sheet


def _text(content) -> str:
    return f"{content:f}" if isinstance(content, Decimal) else content
