"""Rows matched to figures: what each would change, old and new, before anything is written."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from .. import checks, numbers, queries
from ..actions import Entered
from ..models import Figure, Indicator, Mark, Report, Revision
from ..templatetags import show
from .blocks import Row
from .forms import Cell, Field, Sheet
from .names import Names
from .workbooks import entered_text, saved_text

# What a row does.
NEW, CHANGED, MOVED, UNCHANGED, EMPTY = "new", "changed", "moved", "unchanged", "empty"
AMBIGUOUS, UNREADABLE, TWICE = "ambiguous", "unreadable", "twice"
CALCULATED, UNKNOWN = "calculated", "unknown"
LEFT_OUT = (UNREADABLE, TWICE)
# In words and with the tone of a badge, in the order of the counts above the preview.
WORDS = {
    NEW: (gettext_lazy("new"), "good"),
    CHANGED: (gettext_lazy("changed"), "calm"),
    MOVED: (gettext_lazy("changed by someone else since the download"), "warn"),
    AMBIGUOUS: (gettext_lazy("two readings"), "warn"),
    UNREADABLE: (gettext_lazy("cannot be read"), "bad"),
    TWICE: (gettext_lazy("stands twice"), "bad"),
    UNCHANGED: (gettext_lazy("unchanged"), ""),
    EMPTY: (gettext_lazy("empty"), ""),
    CALCULATED: (gettext_lazy("calculated"), ""),
    UNKNOWN: (gettext_lazy("not in this report"), "warn"),
}
# Found by the checks, but said of the whole report when it is submitted.
NOT_HERE = ("empty",)


@dataclass
class Line:
    """One row of the preview: what came, and old → new as words; `sentence` says why it is not taken."""

    row: Row
    state: str = UNKNOWN
    indicator: Indicator | None = None
    figure: Figure | None = None
    entered: Entered | None = None
    value: Decimal | None = None  # in the indicator's own unit
    old: str = ""
    new: str = ""
    note: str = ""  # where it would change
    sentence: str = ""
    readings: list[str] = field(default_factory=list)
    is_taken: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def version(self) -> int:
        """Of the figure as it is saved now; 0 where there is none."""
        return self.figure.version if self.figure else 0

    @property
    def is_shown(self) -> bool:
        """Whether what is new is worth showing: not where nobody can take it."""
        return self.state not in LEFT_OUT

    @property
    def words(self) -> str:
        return WORDS[self.state][0]

    @property
    def tone(self) -> str:
        return WORDS[self.state][1]


class Offer:
    """All rows of a block against the figures saved now.

    `means` is the decimal separator that the reader chose for texts with two readings, `habit` that of the agency;
    `taken` are the figures that others have changed and the reader overrules; `refused` says, by figure, what a
    save has found impossible.
    """

    def __init__(
        self,
        report: Report,
        revision: Revision | None,
        rows: Iterable[Row],
        *,
        means: str = "",
        habit: str = "",
        taken: Iterable[str] = (),
        refused: Mapping[str, str] | None = None,
    ):
        self.report, self.revision = report, revision
        self.means, self.habit, self.taken, self.refused = means, habit, set(taken), refused or {}
        self.names = Names(report.operation)
        self.sheet = Sheet(report, revision)
        self.known = queries.entries(revision)
        self.lines = [self._line(row) for row in rows]
        self._refuse_twice()
        self._say_who_moved()
        self._add_up()
        self._warn()

    @property
    def entered(self) -> dict[str, Entered]:
        """What would be saved, by figure."""
        return {line.row.code: line.entered for line in self.lines if line.is_taken}

    @property
    def seen(self) -> dict[str, int]:
        """The version of every figure that the rows are about, as shown here."""
        return {line.row.code: line.version for line in self.lines if line.row.code in self.sheet.fields}

    @property
    def left_out(self) -> int:
        """How many rows cannot be taken although they are about a figure of the report."""
        return sum(1 for line in self.lines if line.state in LEFT_OUT)

    @property
    def is_ambiguous(self) -> bool:
        """Whether a number has two readings and nobody has said which is meant."""
        return any(line.state == AMBIGUOUS for line in self.lines)

    @property
    def to_save(self) -> int:
        """How many figures a save may change: those taken, and those that wait for an answer."""
        return sum(1 for line in self.lines if line.is_taken or line.state == AMBIGUOUS)

    @property
    def may_be_saved(self) -> bool:
        return self.to_save > 0 or any(line.state == MOVED for line in self.lines)

    @property
    def has_readings(self) -> bool:
        return any(line.readings for line in self.lines)

    @property
    def counts(self) -> list[dict]:
        """How many rows of each state there are, those of none left out."""
        found = Counter(line.state for line in self.lines)
        return [
            {"count": found[state], "words": words, "tone": tone}
            for state, (words, tone) in WORDS.items()
            if found[state]
        ]

    @property
    def wrong_cells(self) -> dict[str, str]:
        """What is wrong in a workbook, by the name of the cell."""
        wrong = (*LEFT_OUT, AMBIGUOUS, UNKNOWN)
        return {line.row.cell: line.sentence for line in self.lines if line.state in wrong and line.row.cell}

    # --------------------------------------------------------------------------------------- one row

    def _line(self, row: Row) -> Line:
        indicator = self.names.by_code.get(row.code)
        line = Line(row, indicator=indicator)
        if row.code in self.sheet.fields:
            self._compare(line, self.sheet.fields[row.code])
        elif indicator:
            line.state = CALCULATED
        elif row.problem:
            line.state, line.sentence = UNREADABLE, row.problem
        else:
            text = _("No figure of this report is called “%(name)s”.")
            line.sentence = text % {"name": (row.name or row.text)[:60]}
        return line

    def _compare(self, line: Line, one: Field) -> None:
        row, figure = line.row, one.figure
        line.figure, line.old = figure, self._in_words(one, _as_entered(figure))
        if problem := row.problem or self.refused.get(row.code, ""):
            line.state, line.sentence = UNREADABLE, problem
            return
        if not (row.value or row.mark or row.note):
            line.state, line.sentence = EMPTY, _("An empty cell changes nothing.")
            return
        try:
            given = self._read(row, one, self.means)
        except numbers.Ambiguous as question:
            line.state, line.sentence = AMBIGUOUS, str(question)
            line.readings = self._readings(row, one)
            return
        except ValueError as problem:
            line.state, line.sentence = UNREADABLE, str(problem)
            return
        if self.means and not row.means and not self.habit:
            line.readings = self._readings(row, one)
        line.entered = self._merged(row, given, figure)
        line.value = _converted(one, line.entered)
        if one.indicator.impossible_from is not None and (line.value or 0) >= one.indicator.impossible_from:
            line.state, line.sentence = UNREADABLE, _impossible(one.indicator, line.value)
            return
        self._judge(line, one)

    def _read(self, row: Row, one: Field, means: str) -> Entered:
        """What the row gives, read as if nothing were saved: the same text may mean another number here."""
        cell = Cell(row.value, row.unit or one.saved.unit, row.mark, row.note, row.means or means)
        return replace(one, figure=None, saved=Cell(), cell=cell, habit=self.habit).read()

    def _readings(self, row: Row, one: Field) -> list[str]:
        """Both numbers that a text may mean, as words; nothing for any other text."""
        try:
            self._read(row, one, "")
        except numbers.Ambiguous as question:
            unit = next((unit for unit in one.units if unit.code == (row.unit or one.saved.unit)), None)
            return [
                f"{show.figure(value, _places(value))} {unit.plural_label if unit else ''}".strip()
                for value in question.readings.values()
            ]
        except ValueError:
            pass  # said at the row already
        return []

    @staticmethod
    def _merged(row: Row, given: Entered, figure: Figure | None) -> Entered:
        """The figure as the row would leave it: what the row does not say, or did not change, stays as it is."""
        now = _as_entered(figure)
        downloaded = row.saved.split("|", 3) if row.saved and row.saved.count("|") >= 3 else None
        says_figure = bool(row.value or row.mark)
        if downloaded and entered_text(replace(given, note="")).split("|")[:3] == downloaded[:3]:
            says_figure = False
        note = given.note
        if not note or (downloaded and " ".join(note.split()) == downloaded[3]):
            note = now.note
        if " ".join(note.split()) == " ".join(now.note.split()):
            note = now.note
        if not says_figure:
            return replace(now, note=note)
        is_same = (given.quantity, given.unit) == (now.quantity, now.unit)
        return replace(given, note=note, estimated=now.estimated and is_same)

    def _judge(self, line: Line, one: Field) -> None:
        now, entered = _as_entered(line.figure), line.entered
        if _is_same(entered, now):
            line.state = UNCHANGED
            return
        line.new = self._in_words(one, entered)
        if entered.note != now.note:
            line.note = entered.note
        is_moved = line.row.saved is not None and line.row.saved != saved_text(line.figure)
        line.state = MOVED if is_moved else NEW if line.figure is None or line.figure.is_empty else CHANGED
        line.is_taken = not is_moved or line.row.code in self.taken

    @staticmethod
    def _in_words(one: Field, entered: Entered) -> str:
        """“4,583,333 tablets = 412.500 kg”, “not available”; empty for nothing."""
        if entered.mark:
            return str(Mark(entered.mark).label)
        if entered.quantity is None:
            return ""
        own = one.indicator.unit
        unit = next((unit for unit in one.units if unit.code == entered.unit), own)
        if unit == own:
            return f"{show.figure(entered.quantity, one.indicator.decimals)} {own.plural_label}"
        value = show.figure(_converted(one, entered), one.indicator.decimals)
        quantity = show.figure(entered.quantity, _places(entered.quantity))
        return f"{quantity} {unit.plural_label} = {value} {own.plural_label}"

    # -------------------------------------------------------------------------------- all rows at once

    def _refuse_twice(self) -> None:
        """A figure that stands in two rows is taken from neither."""
        by_code = defaultdict(list)
        for line in self.lines:
            row = line.row
            if row.code in self.sheet.fields and (row.value or row.mark or row.note or row.problem):
                by_code[row.code].append(line)
        for lines in by_code.values():
            if len(lines) < 2:
                continue
            rows = ", ".join(str(line.row.number) for line in lines)
            for line in lines:
                line.state, line.is_taken, line.entered, line.new = TWICE, False, None, ""
                line.readings = []
                text = _("This figure stands in several rows (%(rows)s); keep one of them.")
                line.sentence = text % {"rows": rows}

    def _say_who_moved(self) -> None:
        moved = [line for line in self.lines if line.state == MOVED]
        if not moved or self.revision is None:
            return
        changes = self.revision.changes.filter(indicator__in=[line.indicator for line in moved])
        last = {change.indicator_id: change for change in changes.select_related("by").order_by("id")}
        for line in moved:
            change = last.get(line.indicator.pk)
            line.sentence = _("Changed by %(name)s since the download (%(moment)s).") % {
                "name": change.by.label if change and change.by else _("somebody"),
                "moment": show.moment(change.at) if change else "–",
            }

    def _after(self) -> dict[str, checks.Entry]:
        """The report's figures as they would be."""
        taken = [line for line in self.lines if line.is_taken]
        return self.known | {
            line.row.code: checks.Entry(line.value, line.entered.mark, line.entered.note) for line in taken
        }

    def _add_up(self) -> None:
        """Totals are never written; what the rows say of them is set beside the sum."""
        parts = {one.code: codes for one, codes in queries.in_order(self.names.leaves) if codes}
        after = self._after()
        for line in self.lines:
            if line.state != CALCULATED:
                continue
            total, row = line.indicator, line.row
            sum_ = queries.sum_of(after, parts[total.code])
            habit = row.means or self.means or self.habit or None
            try:
                theirs = numbers.read(row.value, decimals=total.decimals, habit=habit)
            except numbers.Unreadable:
                theirs = None
            line.sentence = _("Calculated, never entered: yours %(yours)s, sum %(sum)s.") % {
                "yours": row.value or "–",
                "sum": show.figure(sum_, total.decimals) or "–",
            }
            is_own_unit = row.unit in ("", total.unit.code)
            if theirs is not None and is_own_unit and theirs != (sum_ or 0):
                text = _("They differ: look for a part that is missing or wrong, in your table or here.")
                line.warnings = [text]

    def _warn(self) -> None:
        """What the checks would find in the figures offered."""
        offered = {line.row.code: line for line in self.lines if line.is_taken}
        if not offered:
            return
        earlier = queries.earlier_entries(self.report)
        for finding in queries.findings_among(self.names.leaves, self._after(), earlier):
            if finding.indicator in offered and finding.code not in NOT_HERE:
                offered[finding.indicator].warnings.append(finding.message)


def _as_entered(figure: Figure | None) -> Entered:
    if figure is None:
        return Entered()
    unit = figure.unit.code if figure.unit else ""
    return Entered(figure.quantity, unit, figure.mark, figure.note, figure.estimated)


def _is_same(one: Entered, other: Entered) -> bool:
    """Whether two are the same figure; a unit without a quantity says nothing."""
    return (entered_text(one), one.note) == (entered_text(other), other.note)


def _converted(one: Field, entered: Entered) -> Decimal | None:
    """A quantity in the indicator's own unit."""
    if entered.quantity is None:
        return None
    factor = one.factors.get(entered.unit)
    if factor is None:
        return entered.quantity
    return numbers.convert(entered.quantity, factor.factor, one.indicator.decimals)


def _places(quantity: Decimal) -> int:
    return max(0, -quantity.normalize().as_tuple().exponent)


def _impossible(indicator: Indicator, value: Decimal) -> str:
    return _("%(name)s cannot be %(value)s in one month: look at the unit and the digits.") % {
        "name": indicator.label,
        "value": numbers.grouped(value, indicator.decimals, get_language() or "en"),
    }
