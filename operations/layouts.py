"""How a file of figures is laid out, and its rows read or refused: our own layout; profiles.py has the foreign."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from . import months, numbers
from .models import Figure, Mark

LONGEST_NOTE = Figure._meta.get_field("note").max_length
QUANTITY_DECIMALS = Figure._meta.get_field("quantity").decimal_places


class FileRefused(Exception):
    """Why a file or a profile cannot be used at all, as a sentence with the way out."""


class RowRefused(Exception):
    """Why one row cannot be used: the field, the reason, and the row as far as it was understood."""

    def __init__(self, name: str, reason: str, part: "Part | None" = None):
        super().__init__(reason)
        self.field, self.part = name, part


@dataclass(frozen=True)
class Part:
    """One row of a file: a whole figure, or in a foreign layout a part of one.

    `unit` is a code of ours ("" for the indicator's own), `texts` what the file says in each field,
    `words` a foreign row in its own words: “Heroin 255 Gram”.
    """

    row: int
    texts: dict[str, str]
    agency: str
    month: date
    indicator: str
    quantity: Decimal | None = None
    unit: str = ""
    mark: str | None = None
    note: str = ""
    words: str = ""


@dataclass(frozen=True)
class Refused:
    """A row that is not taken: where (as a spreadsheet counts: the header is row 1), what stands there, why.

    `part` is the row as far as it was understood, None where not even its figure is known.
    """

    row: int
    field: str
    text: str
    reason: str
    part: Part | None = None

    def __str__(self):
        where = _("row %(row)s") % {"row": self.row}
        return f"{where}, {self.field} “{self.text[:60]}”: {self.reason}"


@dataclass(frozen=True)
class Layout:
    """Our own layout: `agency,month,indicator,value,unit,note`, and `mark` (L or M) if there are any.

    `headers` are those accepted, `columns` what the file calls each field.
    """

    headers: tuple[tuple[str, ...], ...] = (
        ("agency", "month", "indicator", "value", "unit", "note"),
        ("agency", "month", "indicator", "value", "unit", "note", "mark"),
    )
    columns: dict[str, str] = field(
        default_factory=lambda: {
            name: name for name in ("agency", "month", "indicator", "value", "unit", "note", "mark")
        }
    )
    merges = False  # one row, one figure
    rest = None
    operation = None

    def read(self, content: bytes) -> tuple[list[Part], list[Refused]]:
        """All rows of a file: those understood, those refused. FileRefused where no row can be relied on."""
        parts, refused, seen = [], [], {}
        header, rows = _table(content, self.headers)
        for row, cells in rows:
            if len(cells) != len(header):
                refused.append(
                    Refused(
                        row,
                        "",
                        ",".join(cells),
                        _(
                            "%(found)s fields instead of %(wanted)s; put a text with a comma in quotation marks."
                        )
                        % {"found": len(cells), "wanted": len(header)},
                    )
                )
                continue
            named = dict(zip(header, cells, strict=True))
            texts = {name: named.get(column, "") for name, column in self.columns.items()}
            try:
                part = self.part(row, texts)
                key = (part.agency, part.month, part.indicator)
                if not self.merges and seen.setdefault(key, row) != row:
                    raise RowRefused(
                        "indicator",
                        _("Row %(row)s has this figure already; keep one of the two.") % {"row": seen[key]},
                    )
                parts.append(part)
            except RowRefused as problem:
                refused.append(self.refuse(row, texts, problem.field, str(problem), problem.part))
        return parts, refused

    def refuse(
        self, row: int, texts: dict[str, str], name: str, reason: str, part: Part | None = None
    ) -> Refused:
        """A refused row that names the field as the file does."""
        return Refused(row, self.columns[name], texts[name], reason, part)

    def part(self, row: int, texts: dict[str, str]) -> Part:
        value, mark, note = texts["value"], texts["mark"], texts["note"]
        if mark not in ("", *Mark.values):
            raise RowRefused("mark", _("A mark is L (not available) or M (not applicable)."))
        if not value and not mark:
            raise RowRefused(
                "value", _("Empty says nothing: write a figure, 0, or the mark L or M; or leave out the row.")
            )
        if len(note) > LONGEST_NOTE:
            raise RowRefused(
                "note", _("A note has at most %(count)s characters; shorten it.") % {"count": LONGEST_NOTE}
            )
        return Part(
            row,
            texts,
            texts["agency"],
            read_month(texts["month"]),
            texts["indicator"],
            read_quantity(value, QUANTITY_DECIMALS) if value else None,
            texts["unit"],
            mark or None,
            note,
        )


def _table(content: bytes, headers) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """A CSV file's header, one of those accepted, and its rows but the blank, numbered as a spreadsheet does."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise FileRefused(
            _("Line %(line)s is not in UTF-8; save the file as “CSV UTF-8” and import that.")
            % {"line": content.count(b"\n", 0, problem.start) + 1}
        ) from None
    if "\0" in text:
        raise FileRefused(
            _("Line %(line)s has a NUL character, so this is no plain text; save it as “CSV UTF-8”.")
            % {"line": text.count("\n", 0, text.index("\0")) + 1}
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(reader, 1)]
    except csv.Error as problem:
        raise FileRefused(
            _("Line %(line)s cannot be read as CSV (%(problem)s); look for a quotation mark too many.")
            % {"line": reader.line_num, "problem": problem}
        ) from None
    header = rows[0][1] if rows else []
    if tuple(header) not in headers:
        raise FileRefused(
            _("The first row must be “%(wanted)s”, separated by commas; it is “%(found)s”.")
            % {"wanted": ",".join(headers[0]), "found": ",".join(header)[:200]}
        )
    return header, ((number, cells) for number, cells in rows[1:] if any(cells))


def read_month(text: str) -> date:
    try:
        return months.read(text)
    except ValueError as problem:
        raise RowRefused("month", str(problem)) from None


def read_quantity(text: str, decimals: int) -> Decimal:
    """The number in a cell; files write decimals with a dot, so 1.234 has one reading only."""
    try:
        quantity = numbers.read(text, decimals=decimals, habit=".")
    except numbers.Unreadable as problem:
        raise RowRefused("value", str(problem)) from None
    if quantity is None:
        raise RowRefused("value", _("The quantity is empty, which is neither zero nor a figure."))
    return quantity


def shortest(quantity: Decimal) -> str:
    """The same number without zeros at the end: 255.0 is 255."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
