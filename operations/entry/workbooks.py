"""A month as a workbook: made for its officer to fill, and read back, bounded before anything is parsed."""

import csv
import io
import json
import re
import signal
import subprocess
import sys
import zipfile
from decimal import Decimal
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import months, queries
from ..actions import Entered
from ..models import Figure, Indicator, Mark, Report, Revision, Unit
from ..templatetags import show
from . import names as roles
from .blocks import MOST_CHARACTERS, MOST_COLUMNS, MOST_ROWS, Cell, NotRead
from .forms import Field, Sheet
from .names import Names
from .spreadsheet import HAS_MACROS, MACROS

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 2 * 2**20
MOST_PARTS, MOST_UNPACKED, MOST_RATIO, RATIO_FROM = 200, 8 * 2**20, 100, 2**20
PATIENCE = 10  # seconds of the clock; of the processor the program takes less (spreadsheet.SECONDS)
PROGRAM = Path(__file__).with_name("spreadsheet.py")

PARTS = re.compile(r"(\[Content_Types\]\.xml|(_rels|docProps|xl|customXml)/[^\\]*)")
OLD_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MADE_FOR = re.compile(r"figures (\S+) (\S+) (\d{4}-\d{2})")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
FORMULA = re.compile(r"['\"]?[=+\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]")

WITH_MACROS = gettext_lazy("The workbook has macros. Save it as .xlsx, a workbook without macros.")
TOO_LARGE = gettext_lazy("The workbook is too large when unpacked. Copy this month’s figures into a new one.")
NOT_A_FIGURE = {
    "formula": gettext_lazy(
        "%(cell)s holds a formula; paste its value instead (in Excel: Paste special, Values)."
    ),
    "error": gettext_lazy("%(cell)s holds an error; write the figure itself."),
    "truth": gettext_lazy("%(cell)s holds TRUE or FALSE; write a number."),
    "date": gettext_lazy(
        "%(cell)s holds a date; set the cell’s format to Number and write the figure again."
    ),
    "digits": gettext_lazy("%(cell)s has more digits than a spreadsheet keeps; write the number as text."),
}


# --------------------------------------------------------------------------------------------- reading


def cells(content: bytes, report: Report, names: Names) -> tuple[str, list[list[Cell]]]:
    """The sheet of an uploaded file that has the figures: its title (empty for CSV) and its cells.

    NotRead with a sentence for anything that is no workbook or table, or is of another report.
    """
    if len(content) > MOST_BYTES:
        raise NotRead(_("The file is larger than 2 MB. Keep only the sheet with this month’s figures."))
    if not content:
        raise NotRead(_("The file is empty. Choose the workbook that you filled in."))
    if content[:8] == OLD_MAGIC:
        raise NotRead(
            _("The file is protected by a password or an old .xls; save it as .xlsx without a password.")
        )
    if content[:4] == b"PK\x03\x04":
        _refuse_bombs(content)
        title, rows = _chosen(_sheets(content), report, names)
    else:
        title, rows = "", _comma_separated(content)
    if sum(len(cell.text) for row in rows for cell in row) > MOST_CHARACTERS:
        raise NotRead(_("The sheet holds too much text. Keep only the figures of this month."))
    return title, _without_label(rows, report)


def _refuse_bombs(content: bytes) -> None:
    """Bounds that the list of a zip's parts shows already; nothing is unpacked."""
    if content.count(b"PK\x01\x02") > MOST_PARTS:  # even to list them takes its time
        raise NotRead(TOO_LARGE)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        raise NotRead(_("The file is damaged. Save the workbook again as .xlsx and upload that.")) from None
    named = [part.filename for part in parts]
    if any(map(MACROS.search, named)):
        raise NotRead(WITH_MACROS)
    if "xl/workbook.xml" not in named:
        raise NotRead(_("This is no Excel workbook. Save the table as .xlsx or CSV and upload that."))
    unpacked, packed_size = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    is_bomb = len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED
    is_bomb |= unpacked > RATIO_FROM and unpacked > MOST_RATIO * max(1, packed_size)
    if is_bomb:
        raise NotRead(TOO_LARGE)
    is_strange = len(set(named)) < len(named) or any(part.flag_bits & 1 for part in parts)
    if is_strange or not all(PARTS.fullmatch(name) and ".." not in name.split("/") for name in named):
        raise NotRead(
            _("The workbook has parts that no spreadsheet writes. Copy the figures into a new workbook.")
        )


def _sheets(content: bytes) -> list[dict]:
    bounds = {"rows": MOST_ROWS, "columns": MOST_COLUMNS, "characters": MOST_CHARACTERS}
    sheets = json.loads(_tried("read", bounds, content))
    for sheet in sheets:
        sheet["rows"] = [[_cell(*cell) for cell in row] for row in sheet["rows"]]
    return sheets


def _cell(text: str, name: str, kind: str) -> Cell:
    problem = NOT_A_FIGURE[kind] % {"cell": name} if kind in NOT_A_FIGURE else ""
    return Cell(_unquoted(" ".join(text.split())), name, "." if kind == "number" else "", problem)


def _chosen(sheets: list[dict], report: Report, names: Names) -> tuple[str, list[list[Cell]]]:
    """The only sheet that names figures; of several the one that is called after the month."""
    found = [
        sheet
        for sheet in sheets
        if any(names.indicators(cell.text) for row in sheet["rows"] for cell in row if cell.text)
    ]
    if not found:
        raise NotRead(
            _(
                "No sheet that can be seen names a figure of this report. "
                "Download the workbook of this month and fill that in."
            )
        )
    if len(found) > 1:
        found = [sheet for sheet in found if roles.names_this(sheet["title"], report.month)] or found
    if len(found) > 1:
        raise NotRead(
            _("Several sheets have figures: %(sheets)s. Keep the one of this month and delete the others.")
            % {"sheets": ", ".join(sheet["title"][:31] for sheet in found)}
        )
    if found[0]["is_longer"]:
        raise NotRead(
            _(
                "The sheet is larger than %(rows)s rows or %(columns)s columns. Keep only the figures of this month."
            )
            % {"rows": MOST_ROWS, "columns": MOST_COLUMNS}
        )
    return found[0]["title"], found[0]["rows"]


def _comma_separated(content: bytes) -> list[list[Cell]]:
    """A CSV file's cells: UTF-8, or UTF-16 that says so; commas, semicolons or tabs."""
    is_wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotRead(
            _("This is neither a workbook nor a CSV in UTF-8. Save the table as .xlsx or “CSV UTF-8”.")
        ) from None
    if CONTROL.search(text):
        raise NotRead(_("This is no text and no workbook. Save the table as .xlsx or “CSV UTF-8”."))
    first = text.split("\n", 1)[0]
    between = max(",;\t", key=first.count)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
        rows = list(islice(lines, MOST_ROWS + 1))
    except csv.Error as problem:
        raise NotRead(
            _("The CSV cannot be read (%(problem)s). Look for a quotation mark too many.")
            % {"problem": str(problem)[:80]}
        ) from None
    if len(rows) > MOST_ROWS or max(map(len, rows), default=0) > MOST_COLUMNS:
        raise NotRead(
            _(
                "The file is larger than %(rows)s rows or %(columns)s columns. Keep only the figures of this month."
            )
            % {"rows": MOST_ROWS, "columns": MOST_COLUMNS}
        )
    return [[Cell(_unquoted(" ".join(cell.split())[:2000])) for cell in row] for row in rows]


def _without_label(rows: list[list[Cell]], report: Report) -> list[list[Cell]]:
    """The cells without the label by which a workbook of ours says its report; NotRead where that is another one."""
    labels = [MADE_FOR.fullmatch(cell.text) for cell in rows[0]] if rows else []
    this = (report.operation.code, report.agency.code, months.written(report.month))
    for label in filter(None, labels):
        if label.groups() != this:
            raise NotRead(
                _(
                    "This workbook is for %(theirs)s, and this report is %(this)s. "
                    "Open the other report, or download the workbook of this one."
                )
                % {"theirs": " ".join(label.groups()), "this": " ".join(this)}
            )
    head = [Cell() if label else cell for cell, label in zip(rows[0] if rows else [], labels, strict=True)]
    return [head, *rows[1:]]


def marked(content: bytes, sheet: str, sentences: dict[str, str]) -> bytes:
    """The workbook again, with its own looks, the wrong cells filled and the sentence on each as a comment."""
    asked = {"sheet": sheet, "sentences": sentences, "author": _("Check of the figures")}
    return _tried("mark", asked, content)


def _tried(task: str, asked: dict, content: bytes) -> bytes:
    """What spreadsheet.py makes of a file; NotRead where it gives up: damaged, hostile, too slow or too large."""
    try:
        return _run(task, asked, content)
    except subprocess.TimeoutExpired:
        raise NotRead(TOO_LARGE) from None
    except subprocess.CalledProcessError as end:
        if end.returncode == HAS_MACROS:
            raise NotRead(WITH_MACROS) from None
        if -end.returncode in (signal.SIGPROF, signal.SIGXCPU, signal.SIGKILL):
            raise NotRead(TOO_LARGE) from None
        raise NotRead(
            _(
                "The workbook cannot be read: it is damaged, or not what it seems. "
                "Copy the figures into a new one."
            )
        ) from None


def _run(task: str, asked: dict, content: bytes = b"") -> bytes:
    given = json.dumps(asked).encode() + b"\n" + content
    command = [sys.executable, "-I", "-W", "ignore", str(PROGRAM), task]
    return subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE, check=True).stdout


# --------------------------------------------------------------------------------------------- writing


def month(report: Report, revision: Revision | None) -> bytes:
    """The report's workbook in the reader's language: figures as they are saved, last month beside them."""
    sheet = Sheet(report, revision)
    before = next(iter(queries.earlier_entries(report, 1)), {})
    month_before = show.month(months.previous(report.month))
    columns = [
        {"heading": heading, "width": width, "is_hidden": is_hidden}
        for heading, width, is_hidden in (
            (_("Code"), 26, False),
            (_("Indicator"), 46, False),
            (month_before, 16, False),
            (_("Counted in"), 12, False),
            (show.month(report.month), 18, False),
            (_("Unit"), 12, False),
            (_("No figure because"), 18, False),
            (_("Note"), 44, False),
            ("saved", 10, True),
            (
                f"figures {report.operation.code} {report.agency.code} {months.written(report.month)}",
                10,
                True,
            ),
        )
    ]
    rows = [_line(field, before) for field in sheet.fields.values()]
    title = f"{months.written(report.month)} {report.agency.code}"[:31]
    asked = {
        "sheet": {"title": title, "columns": columns, "rows": rows},
        "about": {"title": _("About")[:31], "rows": _about(report)},
    }
    return _run("write", asked)


def _line(field: Field, before: dict) -> list[dict]:
    indicator, figure = field.indicator, field.figure
    past = before.get(indicator.code)
    past_value = past.value if past else None
    past_mark = str(Mark(past.mark).label) if past and past.mark else ""
    quantity = figure.quantity if figure else None
    unit = next((unit for unit in field.units if unit.code == field.saved.unit), indicator.unit)
    mark = str(Mark(figure.mark).label) if figure and figure.mark else ""
    return [
        {"text": indicator.code},
        {"text": _neutral(indicator.label), "wraps": True, "is_bold": True},
        _number(past_value, indicator.decimals) or {"text": past_mark},
        {"text": _neutral(indicator.unit.plural_label)},
        (_number(quantity, _decimals(indicator, unit, quantity)) or {"text": ""}) | {"is_input": True},
        {"text": _neutral(unit.label), "is_input": True, "choices": [one.label for one in field.units]},
        {"text": mark, "is_input": True, "choices": [str(label) for _value, label in Mark.choices]},
        {"text": _neutral(field.saved.note), "is_input": True, "wraps": True, "format": "@"},
        {"text": saved_text(figure)},
    ]


def _decimals(indicator: Indicator, unit: Unit, quantity: Decimal | None) -> int:
    if quantity is None or unit.pk == indicator.unit_id:
        return indicator.decimals
    return max(0, -quantity.normalize().as_tuple().exponent)


def _number(value: Decimal | None, decimals: int) -> dict | None:
    """A number cell with its format; as text where a spreadsheet would lose a digit."""
    if value is None:
        return None
    if len(value.normalize().as_tuple().digits) > 15:
        return {"text": f"{value.normalize():f}"}
    return {"number": f"{value:f}", "format": "#,##0" + ("." + "0" * decimals if decimals else "")}


def _about(report: Report) -> list[list[str]]:
    # Each line is neutral in itself: none begins with a sign that a spreadsheet could take for a formula.
    return [
        [_("Operation"), f"{_neutral(report.operation.label)} ({report.operation.code})"],
        [_("Agency"), f"{_neutral(report.agency.label)} ({report.agency.code})"],
        [_("Month"), months.written(report.month)],
        [_("Due"), show.day(report.due)],
        ["", ""],
        [
            _("How to fill it"),
            _(
                "Write the figures of the month in its column. 0 is a figure; an empty cell changes nothing. "
                "Write numbers, not formulas."
            ),
        ],
        [
            "",
            _(
                "Where there is no figure, choose “not available” or “not applicable” and say why in the note. "
                "A weight may be entered in another unit: choose it beside the number."
            ),
        ],
        [
            "",
            _(
                "Save the workbook and upload it on the page of the month. "
                "You see what would change before anything is saved."
            ),
        ],
    ]


def saved_text(figure: Figure | None) -> str:
    """A figure as one line that tells it from any other; kept in the workbook to see what was changed since."""
    if figure is None or (figure.is_empty and not figure.note):
        return "|||"
    quantity = "" if figure.quantity is None else f"{figure.quantity.normalize():f}"
    return "|".join(
        [quantity, figure.unit.code if figure.unit else "", figure.mark or "", _note(figure.note)]
    )


def entered_text(entered: Entered) -> str:
    """The same for what somebody gives."""
    quantity = "" if entered.quantity is None else f"{entered.quantity.normalize():f}"
    unit = entered.unit if entered.quantity is not None else ""
    return "|".join([quantity, unit, entered.mark or "", _note(entered.note)])


def _note(note: str) -> str:
    return " ".join(note.split())


def _neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula, even where it is typed again."""
    return f"'{text}" if FORMULA.match(text) else text


def _unquoted(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text
