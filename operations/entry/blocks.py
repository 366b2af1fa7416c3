"""A pasted text as rows: cells, then which column names the figure, which holds it, and what else stands there."""

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile

from django.utils.translation import gettext as _

from ..models import Indicator
from . import names as roles
from .names import Names

MOST_CHARACTERS, MOST_ROWS, MOST_COLUMNS = 100_000, 500, 40
HEADING_ROWS = 5

# Zero-width characters, marks of direction and the byte-order mark, as chats and word processors leave them.
_INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_EDGES = _INVISIBLE + " \t\n\u00a0\u2007\u2009\u202f\u3000"
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_GAP = re.compile(r"\s{2,}")
_SPACES = re.compile(r"[\n\x0b\x0c\x85\u2028\u2029]+")  # a line break inside a cell
_BULLET = re.compile(r"(?:[-–—•*·▪●]|\(?\d{1,2}[.)、]|\(?[a-z][.)])\s*(?=[^\W\d_])", re.I)
_BETWEEN = re.compile(r"\s*[:：;；=,，]\s*|\s+[-–—]\s+|\s+")
_CLEARLY_BETWEEN = re.compile(r"\s*[:：;；=]\s*|\s{2,}")
_FURTHER = re.compile(r"[;；]|\s{2,}")
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_NEXT_PAIR = re.compile(r"\s*[;；]\s*|\s*[,，、]\s*(?=[^\W\d_])")
_WITH_UNIT = re.compile(r"(.*\d)\s*([^\d\s].*)", re.S)
_NUMBER = re.compile(r"[^\w\s]*\s*\d")


class NotRead(ValueError):
    """Why a text or a file cannot be read as figures at all, as a sentence with the way out."""


@dataclass(frozen=True)
class Cell:
    """One cell as text; of a workbook also its `name` (“E7”) and why it can never be a figure (`problem`).

    `means` is the decimal separator of the text where that is known, since a program wrote it.
    """

    text: str = ""
    name: str = ""
    means: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Row:
    """What the block says of one figure, as text; `code` is empty where no figure of the report is meant.

    `number` counts the rows as they came, `text` is the whole row, `name` what it calls the figure, `unit` a code
    or what stands there, `mark` likewise, `cell` where the figure stands, `saved` what the figure was when the
    workbook was downloaded (None: not said), `problem` why the row cannot be used.
    """

    number: int
    text: str
    name: str = ""
    code: str = ""
    value: str = ""
    unit: str = ""
    mark: str = ""
    note: str = ""
    means: str = ""
    cell: str = ""
    saved: str | None = None
    problem: str = ""


@dataclass(frozen=True)
class Column:
    """A column that may hold the month's figures: its place, what stands above it, its first figures."""

    place: int
    heading: str
    examples: list[str]
    is_chosen: bool


@dataclass(frozen=True)
class Block:
    """The rows of a block; none while the reader has to choose which of the `columns` holds the figures."""

    rows: list[Row]
    columns: list[Column]

    @property
    def wants_column(self) -> bool:
        return bool(self.columns) and not any(column.is_chosen for column in self.columns)


# ---------------------------------------------------------------------------------------- text to cells


def read(
    text: str, names: Names, month: date, agency: str, *, at: str = "", column: int | None = None
) -> Block:
    """A pasted text as a block; NotRead where it is none. `at` is the figure where a bare column begins."""
    return arrange(table(text, names), names, month, agency, at=at, column=column)


def table(text: str, names: Names) -> list[list[Cell]]:
    """The cells of a pasted text: by tabs, or line by line as people write in a chat."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MOST_CHARACTERS:
        sentence = _(
            "This is too long: at most %(most)s characters. Copy only the rows of this month and paste them."
        )
        raise NotRead(sentence % {"most": MOST_CHARACTERS})
    if not text.strip(_EDGES):
        raise NotRead(_("There is nothing to read. Copy the cells with the figures and paste them here."))
    lines = text.rstrip("\n").split("\n")
    _refuse_more(len(lines))
    for number, line in enumerate(lines, 1):
        if _NO_TEXT.search(line):
            raise NotRead(
                _(
                    "Line %(line)s holds a character that is no text. "
                    "Copy the cells again from the table itself, not from a file."
                )
                % {"line": number}
            )
    found: list[list[str]] = []
    for row in _tabbed(text, lines):
        _refuse_more(columns=len(row))
        cells = list(map(_clean, row))
        spoken = _spoken(cells[0], names) if len(cells) == 1 and cells[0] else [cells]
        _refuse_more(len(found) + len(spoken), max(map(len, spoken), default=0))
        found += spoken
    return [[Cell(cell) for cell in row] for row in found]


def _refuse_more(rows: int = 0, columns: int = 0) -> None:
    """NotRead beyond the bounds, which hold for what comes and again for what it is split into."""
    if rows > MOST_ROWS:
        raise NotRead(
            _("This has %(count)s rows, more than %(most)s. Copy only the rows of this month and paste them.")
            % {"count": rows, "most": MOST_ROWS}
        )
    if columns > MOST_COLUMNS:
        raise NotRead(
            _("This has more than %(most)s columns. Copy only the columns with names and figures.")
            % {"most": MOST_COLUMNS}
        )


def _tabbed(text: str, lines: list[str]) -> list[list[str]]:
    """Rows as spreadsheets copy them: a cell with a line break or a tab stands in quotation marks."""
    if re.search(r'(?:^|[\t\n])"', text):
        try:
            return [
                row or [""] for row in csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
            ]
        except csv.Error:
            pass  # the quotation marks are somebody's own
    return [line.split("\t") for line in lines]


def _clean(text: str) -> str:
    return _SPACES.sub(" ", text).strip(_EDGES)


def _spoken(line: str, names: Names) -> list[list[str]]:
    """A line without tabs: “Drug cases: 5,310”, “drug-cases 5310”, “heroin; 12.5 kg”; several where it has several."""
    if len(line) > roles.LONGEST:
        return [[line]]
    if line.startswith("|") or line.count("|") > 1:
        cells = [_clean(cell) for cell in line.strip("|").split("|")]
        return [cells] if any(re.search(r"\w", cell) for cell in cells) else []
    line = _GAP.sub("  ", line)
    if _named(line, names) or names.area(line):
        return [[line]]
    parts = _NEXT_PAIR.split(line)
    if len(parts) > 1:
        pairs = (_pair(part, names) for part in parts)
        named = list(takewhile(lambda pair: len(pair) > 1 and _named(pair[0], names), pairs))
        if len(named) == len(parts):
            return named
    return [_pair(line, names)]


def _pair(line: str, names: Names) -> list[str]:
    """Name and figure of a line, and what stands behind a further separator; the line alone if it is no pair."""
    for text in dict.fromkeys((line, _BULLET.sub("", line, count=1))):
        if between := _behind_name(text, names):
            label = line[: len(line) - len(text) + between.start()]
            return [label, *map(_clean, _FURTHER.split(text[between.end() :]))]
    if between := _CLEARLY_BETWEEN.search(line):
        label, rest = line[: between.start()], line[between.end() :]
        if _LETTER.search(label) and rest:
            return [label, rest]
    if digit := _DIGIT.search(line):
        label, rest = line[: digit.start()], line[digit.start() :]
        if label[-1:].isspace() and _LETTER.search(label):
            label = _clean(label)
            return [_clean(label[:-1]) if label[-1] in ",，" else label, rest]
    return [line]


def _behind_name(text: str, names: Names) -> re.Match | None:
    """What stands between the longest name with which a text begins and the rest of it; None without a name."""
    found, folded, end = None, "", 0
    for between in _BETWEEN.finditer(text):
        folded += roles.key(text[end : between.start()])
        end = between.end()
        if len(folded) > names.longest:
            break
        if end < len(text) and names.indicators_by(folded):
            found = between
    return found


def _named(text: str, names: Names) -> list[Indicator]:
    """The indicators that a text can name, also behind a bullet or a number of its own."""
    if len(text) > roles.LONGEST:
        return []
    found, bare = names.indicators(text), _BULLET.sub("", text, count=1)
    return found if found or bare == text else names.indicators(bare)


def _is_number(text: str) -> bool:
    """Whether a cell is meant as a number, readable or not: it begins with a digit, behind a sign perhaps."""
    return bool(_NUMBER.match(text))


# ------------------------------------------------------------------------------------- cells to figures


def arrange(
    cells: list[list[Cell]],
    names: Names,
    month: date,
    agency: str,
    *,
    at: str = "",
    column: int | None = None,
) -> Block:
    """A table of cells as a block: rows by name, or a bare column of numbers by their place in the sheet.

    NotRead where there is nothing to read, or where the table says that it is about another agency or month.
    """
    return _Table(_joined(cells, names), names, month, agency).block(at, column)


def _joined(cells: list[list[Cell]], names: Names) -> list[list[Cell]]:
    """The table without the breaks that a chat or a word processor makes between a name and its figure."""
    joined: list[list[Cell]] = []
    for row in cells:
        before = joined[-1] if joined else []
        if len(row) >= 1 and len(before) == 1 and before[0].text and not _is_number(before[0].text):
            name = before[0]
            if len(row) == 1 and _named(name.text, names) and _is_number(row[0].text):
                joined[-1] = [name, row[0]]
                continue
            whole = f"{name.text} {row[0].text}"
            is_continued = not _is_number(row[0].text) and not _named(row[0].text, names)
            if is_continued and not names.area(name.text) and _named(whole, names):
                joined[-1] = [replace(row[0], text=whole), *row[1:]]
                continue
        joined.append(row)
    return joined


class _Table:
    """The columns of a table, recognised by what stands above them and in them."""

    def __init__(self, cells: Sequence[list[Cell]], names: Names, month: date, agency: str):
        width = max(map(len, cells), default=0)
        self.cells = [[*row, *[Cell()] * (width - len(row))] for row in cells]
        self.names, self.month, self.agency = names, month, agency
        self.places = range(width)
        self.named = [[self._candidates(cell.text) for cell in row] for row in self.cells]
        hits = Counter(place for row in self.named for place in self.places if row[place])
        # Of several the one with most names; the first of equals.
        self.label = max(hits, key=lambda place: (hits[place], -place)) if hits else None
        self.first = self._first_row()
        self.headings = self.cells[max(0, self.first - HEADING_ROWS) : self.first]
        self.role = [self._role(place) for place in self.places]
        self.body = self.cells[self.first :]
        self.labels = [place for place in hits if place == self.label or self._names_only(place)]
        self.months = [self._months(place) for place in self.places]
        self.units = self._only(roles.UNIT, self.names.unit)
        self.marks = self._only(roles.MARK, self._mark)

    def block(self, at: str, column: int | None) -> Block:
        self._refuse_others()
        columns = [place for place in self.places if self._may_hold_figures(place)]
        chosen = column if column in columns else self._proposed(columns)
        shown = [
            Column(place, self._heading(place), self._examples(place), place == chosen) for place in columns
        ]
        if columns and chosen is None:
            return Block([], shown)
        rows = [self._row(number, chosen) for number in range(self.first, len(self.cells))]
        rows = self._by_name(rows) if self.label is not None else self._by_place(rows, at, chosen)
        if not any(row.code or row.problem or row.value for row in rows):
            raise NotRead(
                _(
                    "No figure of this report was found. Each row needs the indicator’s name or code and its "
                    "number, or copy a bare column of numbers in the order of the sheet."
                )
            )
        return Block(rows, shown)

    # ------------------------------------------------------------------------------------- its columns

    def _candidates(self, text: str) -> list[Indicator]:
        return [] if not text or _is_number(text) and not _BULLET.match(text) else _named(text, self.names)

    def _first_row(self) -> int:
        """The row where the figures begin; above it stand headings."""
        for number, row in enumerate(self.cells):
            if self.label is not None and self.named[number][self.label]:
                return number
            is_figures = any(_is_number(cell.text) or self._mark(cell.text) for cell in row)
            if is_figures and not any(map(self._is_heading, row)):
                return number
        return 0

    @staticmethod
    def _is_heading(cell: Cell) -> bool:
        return bool(roles.month_named(cell.text)) or roles.key(cell.text) in roles.column_words()

    def _role(self, place: int) -> str | None:
        """What the words above a column say that it holds; None where they say nothing."""
        for row in reversed(self.headings):
            if (role := roles.column_words().get(roles.key(row[place].text))) is not None:
                return role
        return None

    def _heading(self, place: int) -> str:
        return " ".join(row[place].text for row in self.headings if row[place].text)[:80]

    def _examples(self, place: int) -> list[str]:
        return [row[place].text[:40] for row in self.body if row[place].text][:3]

    def _filled(self, place: int) -> list[str]:
        return [row[place].text for row in self.body if row[place].text]

    def _names_only(self, place: int) -> bool:
        if self.role[place] not in (None, roles.CODE, roles.LABEL):
            return False
        named = self.named[self.first :]
        return all(one[place] for one, row in zip(named, self.body, strict=True) if row[place].text)

    def _may_hold_figures(self, place: int) -> bool:
        if place in self.labels or self.role[place] not in (None, roles.VALUE):
            return False
        filled = self._filled(place)
        if self.role[place] is None and self.label is not None and place < self.label and _counts(filled):
            return False  # the rows' own numbers, 1 2 3
        if any(map(_is_number, filled)):
            return True
        is_said = self.role[place] == roles.VALUE or self._names_this_month(place)
        return is_said and self.label is not None

    def _proposed(self, columns: list[int]) -> int | None:
        """The column that is surely this month's: the one that says so, or the only one that says nothing else."""
        this = [place for place in columns if self._names_this_month(place)]
        if this:
            return this[0] if len(this) == 1 else None
        said = [place for place in columns if self.role[place] == roles.VALUE]
        for only in (said, columns):
            if len(only) == 1 and not self._names_another_month(only[0]):
                return only[0]
        return None

    def _months(self, place: int) -> list[tuple[int | None, int]]:
        said = [roles.month_named(row[place].text) for row in self.headings]
        return [one for one in said if one]

    def _names_this_month(self, place: int) -> bool:
        return any(one in ((self.month.year, self.month.month), (None, self.month.month))
                   for one in self.months[place])  # fmt: skip

    def _names_another_month(self, place: int) -> bool:
        return bool(self.months[place]) and not self._names_this_month(place)

    def _only(self, role: str, are) -> int | None:
        """The column of a role: the one that says so, or the first that holds nothing else."""
        if role in self.role:
            return self.role.index(role)
        for place in self.places:
            filled = self._filled(place)
            if self.role[place] is None and place not in self.labels and filled and all(map(are, filled)):
                return place
        return None

    def _refuse_others(self) -> None:
        """Rows that say they are about another agency or month are none of this report."""
        this = {"agency": self.agency, "month": f"{self.month:%Y-%m}"}
        of_agency = _(
            "Row %(row)s is about “%(text)s”, this report about %(agency)s. Leave out the others’ rows."
        )
        of_month = _("Row %(row)s is about “%(text)s”, this report about %(month)s. Leave out other months.")
        for role, sentence in ((roles.AGENCY, of_agency), (roles.MONTH, of_month)):
            if role not in self.role:
                continue
            for number, row in enumerate(self.body, self.first + 1):
                text = row[self.role.index(role)].text
                if role == roles.AGENCY:
                    is_this = not text or roles.key(text) == roles.key(self.agency)
                else:
                    is_this = not roles.month_named(text) or roles.names_this(text, self.month)
                if not is_this:
                    raise NotRead(sentence % {**this, "row": number, "text": text[:40]})

    # ---------------------------------------------------------------------------------------- its rows

    def _mark(self, text: str) -> str:
        return "" if _is_number(text) else self.names.mark(text)

    def _row(self, number: int, column: int | None) -> Row:
        cells = self.cells[number]
        cell = cells[column] if column is not None else Cell()
        unit = self._text(cells, self.units) if self.units != column else ""
        mark = self._text(cells, self.marks) if self.marks != column else ""
        value, problem = cell.text, cell.problem
        if word := self._mark(value):
            value, mark = "", word
        elif (found := _WITH_UNIT.fullmatch(value)) and self.names.unit(found[2]):
            if unit and self.names.unit(unit) != self.names.unit(found[2]):
                problem = _("The row has two units, “%(one)s” and “%(other)s”; keep one.") % {
                    "one": found[2][:20],
                    "other": unit[:20],
                }
            value, unit = found[1], found[2]
        note = self.role.index(roles.NOTE) if roles.NOTE in self.role else None
        saved = self.role.index(roles.SAVED) if roles.SAVED in self.role else None
        asides = [cells[place] for place in (self.label, self.units, self.marks, note) if place is not None]
        return Row(
            number=number + 1,
            text=" · ".join(one.text for place, one in enumerate(cells) if one.text and place != saved)[:200],
            name=self._text(cells, self.label),
            value=value,
            unit=self.names.unit(unit) or unit,
            mark=self.names.mark(mark) or mark,
            note=self._text(cells, note),
            means=cell.means,
            cell=cell.name or (cells[self.label].name if self.label is not None else ""),
            saved=None if saved is None else cells[saved].text,
            problem=problem or next((one.problem for one in asides if one.problem), ""),
        )

    @staticmethod
    def _text(cells: list[Cell], place: int | None) -> str:
        return "" if place is None else cells[place].text

    def _by_name(self, rows: list[Row]) -> list[Row]:
        """Each row with the figure that it names; a name that several have is settled by what stands around it."""
        found, open_ones = [], defaultdict(list)
        area = next(filter(None, map(self._area, reversed(self.headings))), "")
        for row in rows:
            cells, named = self.cells[row.number - 1], self.named[row.number - 1]
            area = self._area(cells) or area
            said = [named[place] for place in self.labels if named[place]]
            if not said:
                # A heading or a blank line says nothing; a number without a known name is said to be left out.
                if row.value or row.mark:
                    found.append(row)
                continue
            candidates = [one for one in said[0] if all(one in others for others in said)]
            if not candidates:
                text = _("The code and the name in this row are those of two figures; correct one of them.")
                found.append(replace(row, problem=text))
                continue
            for fits in (
                lambda one, area=area: one.area.code == area,
                lambda one, unit=row.unit: one.unit.code == unit,
            ):
                candidates = [one for one in candidates if fits(one)] or candidates
            if len(candidates) == 1:
                found.append(replace(row, code=candidates[0].code))
            else:
                open_ones[tuple(one.code for one in candidates)].append(len(found))
                found.append(row)
        for codes, places in open_ones.items():
            # As many rows as figures of this name: they stand in the order of the sheet.
            for nth, place in enumerate(places):
                row = found[place]
                is_settled = len(places) == len(codes)
                settled = {"code": codes[nth]} if is_settled else {"problem": self._either(row, codes)}
                found[place] = replace(row, **settled)
        return found

    def _area(self, cells: list[Cell]) -> str:
        return next((area for cell in cells if (area := self.names.area(cell.text))), "")

    def _either(self, row: Row, codes: Sequence[str]) -> str:
        known = ", ".join(f"{self.names.by_code[code].label} ({code})" for code in codes)
        return _("“%(name)s” can be several figures; write the full name or the code: %(figures)s.") % {
            "name": row.name[:60],
            "figures": known,
        }

    def _by_place(self, rows: list[Row], at: str, column: int | None) -> list[Row]:
        """A bare column of numbers, beginning at one figure of the sheet, or rows whose names nobody knows."""
        around = {column, self.units, self.marks}
        around |= {place for place in self.places if self.role[place] is not None}
        if any(row[place].text and not _is_number(row[place].text) and not self._mark(row[place].text)
               for row in self.body for place in self.places if place not in around):  # fmt: skip
            names = [
                next((c.text for p, c in enumerate(row) if c.text and p != column), "") for row in self.body
            ]
            return [
                replace(row, name=name)
                for row, name in zip(rows, names, strict=True)
                if row.value or row.mark
            ]
        leaves = self._from(self.names.leaves, at)
        sheet = self._from(self.names.sheet, at)
        # Exactly as many numbers as the sheet has rows: then its calculated totals are among them.
        order = sheet if len(rows) == len(sheet) else leaves
        left_over = _("The sheet has no row left for this number; paste the column from its first figure on.")
        return [
            replace(row, code=order[place].code, name=order[place].label)
            if place < len(order)
            else replace(row, problem=left_over)
            for place, row in enumerate(rows)
        ]

    @staticmethod
    def _from(order: Sequence[Indicator], at: str) -> Sequence[Indicator]:
        codes = [one.code for one in order]
        return order[codes.index(at) :] if at in codes else order


def _counts(texts: list[str]) -> bool:
    """Whether texts are 1, 2, 3 and so on."""
    return len(texts) > 1 and all(_plain_digits(text) == str(number) for number, text in enumerate(texts, 1))


def _plain_digits(text: str) -> str:
    digits = "".join(str(unicodedata.digit(one, "")) for one in text.rstrip(".)"))
    return digits.lstrip("0")
