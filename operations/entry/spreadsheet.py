"""A program of its own that alone touches openpyxl: cells out of a workbook, sentences into it, a new one.

It runs with little memory and little time, knows nothing of Django, and is given its work on standard input: one
line of JSON, then the workbook. workbooks.py calls it. Exit code 0 says that standard output is the answer, HAS_MACROS
that the workbook may not come in; ended by a signal it took too long.
"""

import io
import json
import math
import re
import resource
import signal
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal

MEMORY = 512 * 2**20
SECONDS = {"read": 0.5, "mark": 0.5, "write": 5}  # of the processor; the largest sheet that we take needs 0.2
HAS_MACROS = 3
MACROS = re.compile(
    r"macroEnabled|vbaProject|vbaData|macrosheet|dialogsheet", re.I
)  # in the name or the kind of a part
MOST_SHEETS = 20
EXACT_DIGITS = 15  # what a spreadsheet keeps of a number; the rest it makes up
NOISE_BELOW = 10**11  # below this such made-up digits stand far behind our three decimals


def main(task: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(SECONDS[task]), math.ceil(SECONDS[task]) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, SECONDS[task])
    # openpyxl would take numpy along, which asks for more memory than a workbook of ours.
    sys.modules["numpy"] = None
    asked = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    try:
        answer = {"read": read, "mark": mark, "write": write}[task](content, **asked)
    except Macros:
        sys.exit(HAS_MACROS)
    sys.stdout.buffer.write(answer)


# --------------------------------------------------------------------------------------------- cells out


def read(content: bytes, rows: int, columns: int, characters: int) -> bytes:
    """The visible sheets as JSON: [{title, is_longer, rows: [[[text, name, kind]]]}]; `kind` says what is no text."""
    import openpyxl

    refuse_strangers(content)
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    sheets = [one for one in workbook.worksheets if one.sheet_state == "visible"][:MOST_SHEETS]
    return json.dumps([_sheet(one, rows, columns, characters) for one in sheets]).encode()


class Macros(ValueError):
    """A part is said to hold macros, whatever its name."""


class _Passed:
    """Takes in XML and keeps nothing."""

    def close(self):
        return None


class _Kinds(_Passed):
    """The same for the lists of what each part is; Macros where one is said to hold any."""

    def start(self, tag, attributes):
        if any(map(MACROS.search, attributes.values())):
            raise Macros


def refuse_strangers(content: bytes) -> None:
    """Macros; ValueError or SyntaxError for a part with a document type or an entity, which openpyxl would follow.

    Whatever its name and kind, since a sheet may be called anything; what is no XML fails at its first bytes.
    """
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            is_list = name.lower().endswith((".rels", "[content_types].xml"))
            parser = DefusedXMLParser(target=_Kinds() if is_list else _Passed(), forbid_dtd=True)
            try:
                parser.feed(parts.read(name))
                parser.close()
            except ParseError:
                if name.lower().endswith((".xml", ".rels", ".vml")):
                    raise


def _sheet(sheet, most_rows: int, most_columns: int, most_characters: int) -> dict:
    found, characters = [], 0
    # One more of each than is wanted, to see that there is more.
    sheet.reset_dimensions()
    for cells in sheet.iter_rows(max_row=most_rows + 1, max_col=most_columns + 1):
        row = [_cell(cell) for cell in cells]
        while row and not row[-1][0]:
            row.pop()
        found.append(row)
        characters += sum(len(text) for text, _name, _kind in row)
        if characters > most_characters:
            return {"title": sheet.title, "is_longer": True, "rows": found}
    while found and not found[-1]:
        found.pop()
    is_longer = len(found) > most_rows or any(len(row) > most_columns for row in found)
    return {"title": sheet.title, "is_longer": is_longer, "rows": found[:most_rows]}


def _cell(cell) -> list[str]:
    value = cell.value
    if value is None:
        return ["", "", ""]
    name = cell.coordinate
    if cell.data_type == "f":
        return [_text(getattr(value, "text", value)), name, "formula"]
    if cell.data_type == "e":
        return [_text(value), name, "error"]
    if isinstance(value, bool):
        return [str(value).upper(), name, "truth"]
    if isinstance(value, datetime | date | time | timedelta):
        return [value.date().isoformat() if isinstance(value, datetime) else _text(value), name, "date"]
    if isinstance(value, int | float):
        return [*_number(value, name)]
    return [_text(value), name, ""]


def _number(value: int | float, name: str) -> tuple[str, str, str]:
    """The number as a spreadsheet shows it, plain and exact, or marked as having more digits than it can keep."""
    exact = Decimal(repr(value))
    if len(exact.as_tuple().digits) > EXACT_DIGITS and exact == exact.to_integral_value():
        exact = exact.normalize()
    if len(exact.as_tuple().digits) > EXACT_DIGITS:
        if abs(exact) >= NOISE_BELOW:
            return f"{exact:f}", name, "digits"
        exact = Decimal(f"{value:.{EXACT_DIGITS}g}")
    text = f"{exact:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text), name, "number"


def _text(value) -> str:
    return str(value)[:2000].encode("utf-8", "replace").decode()


# ------------------------------------------------------------------------------------------ sentences in


def mark(content: bytes, sheet: str, sentences: dict[str, str], author: str) -> bytes:
    """The same workbook with cells filled and a comment on each, by the cell's name."""
    import openpyxl
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    refuse_strangers(content)
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    wrong = PatternFill("solid", fgColor="FFF4B6AE")
    for name, sentence in sentences.items():
        cell = workbook[sheet][name]
        before = f"{cell.comment.text}\n\n" if cell.comment else ""
        cell.fill = wrong
        cell.comment = Comment(before + sentence, author, width=320, height=140)
    workbook.active = workbook.sheetnames.index(sheet)
    return _saved(workbook)


# ---------------------------------------------------------------------------------------- a new workbook


def write(content: bytes, sheet: dict, about: dict) -> bytes:
    """A workbook of two sheets: the figures, and what they are.

    `sheet`: title, columns [{heading, width, is_hidden}], rows [[{text | number, format, is_input, choices, …}]];
    `about`: title, rows [[text, text]].
    """
    import openpyxl
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    workbook = openpyxl.Workbook()
    figures = workbook.active
    figures.title = sheet["title"]
    bar, ground = PatternFill("solid", fgColor="FF0F4C57"), PatternFill("solid", fgColor="FFEDF2F3")
    line = Border(bottom=Side("thin", color="FFC5D0D3"))
    for place, column in enumerate(sheet["columns"], 1):
        cell = figures.cell(1, place)
        _put(cell, column["heading"])
        cell.font, cell.fill = Font(bold=True, color="FFFFFFFF"), bar
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        letter = get_column_letter(place)
        figures.column_dimensions[letter].width = column["width"]
        figures.column_dimensions[letter].hidden = column["is_hidden"]
    figures.row_dimensions[1].height = 32
    choices: dict[tuple, DataValidation] = {}
    for number, row in enumerate(sheet["rows"], 2):
        for place, given in enumerate(row, 1):
            cell = figures.cell(number, place)
            if "number" in given:
                cell.value, cell.number_format = Decimal(given["number"]), given["format"]
            else:
                _put(cell, given.get("text", ""))
                cell.number_format = given.get("format", "General")
            cell.border = line
            cell.alignment = Alignment(
                vertical="center",
                wrap_text=bool(given.get("wraps")),
                horizontal="right" if "number" in given else None,
            )
            if given.get("is_bold"):
                cell.font = Font(bold=True)
            if not given.get("is_input"):
                cell.fill = ground
            if words := given.get("choices"):
                allowed = choices.setdefault(tuple(words), _choice(DataValidation, words))
                allowed.add(cell)
    for allowed in choices.values():
        figures.add_data_validation(allowed)
    figures.freeze_panes = "C2"
    figures.page_setup.orientation, figures.page_setup.fitToHeight = "landscape", 0
    figures.sheet_properties.pageSetUpPr.fitToPage = True
    _about(workbook.create_sheet(about["title"]), about["rows"], Font, Alignment)
    return _saved(workbook)


def _about(sheet, rows, Font, Alignment) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 22, 90
    for number, (name, text) in enumerate(rows, 1):
        _put(sheet.cell(number, 1), name)
        _put(sheet.cell(number, 2), text)
        sheet.cell(number, 1).font = Font(bold=True)
        for place in (1, 2):
            sheet.cell(number, place).alignment = Alignment(wrap_text=True, vertical="top")


def _choice(DataValidation, words: list[str]):
    """A list to choose from; an empty cell is allowed."""
    return DataValidation(type="list", formula1='"' + ",".join(words) + '"', allow_blank=True)


def _put(cell, text: str) -> None:
    """Text as text: openpyxl would make a formula of what begins with =."""
    cell.value = text or None
    if text:
        cell.data_type = "s"


def _saved(workbook) -> bytes:
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


if __name__ == "__main__":
    main(sys.argv[1])
