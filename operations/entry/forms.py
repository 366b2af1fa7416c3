"""What an officer typed: a month's sheet, read all or nothing and kept as typed; a correction's reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from .. import numbers, queries
from ..actions import Entered
from ..models import Change, Factor, Figure, Indicator, Mark, Report, Revision, Unit

LONGEST_NOTE = Figure._meta.get_field("note").max_length
QUANTITY_DECIMALS = Figure._meta.get_field("quantity").decimal_places


@dataclass(frozen=True)
class Cell:
    """One figure as text, the way it stands in the form; `unit` is a code, `mark` one of Mark or "".

    `means` is the decimal separator that was chosen for a text with two readings.
    """

    text: str = ""
    unit: str = ""
    mark: str = ""
    note: str = ""
    means: str = ""

    @property
    def in_words(self) -> str:
        """“4,583,333 tablet”, “not available · Laboratory closed”; empty for nothing."""
        quantity = f"{self.text} {self.unit}" if self.text else dict(Mark.choices).get(self.mark, "")
        return " · ".join(part for part in (str(quantity), self.note) if part)


@dataclass
class Field:
    """An indicator's place in the sheet: what is saved, what is typed, and what was found wrong with it."""

    indicator: Indicator
    units: list[Unit]  # in which it can be entered, its own first
    factors: dict[str, Factor]  # by the code of the unit
    figure: Figure | None
    saved: Cell
    cell: Cell
    habit: str = ""  # the decimal separator of the agency, once it is known
    error: str = ""

    @property
    def is_touched(self) -> bool:
        return replace(self.cell, means="") != self.saved

    @property
    def readings(self) -> list[dict]:
        """Both numbers that the typed text may mean, to choose from; nothing for any other text."""
        if not self.is_touched:
            return []
        try:
            numbers.read(self.cell.text, decimals=self.decimals, habit=self.habit or None)
        except numbers.Ambiguous as question:
            return [
                {"means": separator, "value": f"{value:f}", "is_chosen": separator == self.cell.means}
                for separator, value in question.readings.items()
            ]
        except numbers.Unreadable:
            pass  # said beside the field already
        return []

    @property
    def decimals(self) -> int:
        """How many decimals a quantity may have; a unit below the figure's last digit is counted whole."""
        decimals = self.indicator.decimals
        factor = self.factors.get(self.cell.unit)
        if factor is None or self.cell.unit == self.indicator.unit.code:
            return decimals
        if factor.factor < Decimal(1).scaleb(-decimals):
            return 0
        return min(QUANTITY_DECIMALS, decimals + max(0, factor.factor.adjusted()))

    def read(self) -> Entered:
        """What is typed, as a figure; ValueError with a sentence where it cannot be one."""
        cell = self.cell
        note = cell.note.strip()
        if len(note) > LONGEST_NOTE:
            raise ValueError(
                _("The note has %(length)s characters; shorten it to %(most)s.")
                % {"length": len(note), "most": LONGEST_NOTE}
            )
        if "\x00" in note:
            raise ValueError(_("The note holds an invisible character; type it again."))
        if cell.mark and cell.mark not in Mark.values:
            raise ValueError(_("Choose “not available” or “not applicable”, or leave the mark empty."))
        if cell.unit not in [unit.code for unit in self.units]:
            raise ValueError(
                _("This cannot be entered in “%(unit)s”; choose one of: %(units)s.")
                % {"unit": cell.unit[:20], "units": ", ".join(unit.label for unit in self.units)}
            )
        if cell.note == self.saved.note and self.figure:
            note = self.figure.note
        if self.figure and (cell.text, cell.unit) == (self.saved.text, self.saved.unit):
            # Not read again: a text that we wrote ourselves must never raise a question.
            quantity, estimated = self.figure.quantity, self.figure.estimated
        else:
            quantity = numbers.read(cell.text, decimals=self.decimals, habit=cell.means or self.habit or None)
            estimated = False
        if quantity is not None and cell.mark:
            raise ValueError(_("There is a figure and a mark: empty the figure, or set the mark to “—”."))
        return Entered(quantity, cell.unit, cell.mark or None, note, estimated)


class Sheet:
    """All figures of a report as fields, by the indicator's code: as saved, or as `typed` (a POST).

    Only what differs from the saved is read and `entered`: what nobody touched stays to the last digit.
    Names that are not in the sheet are passed over.
    """

    def __init__(self, report: Report, revision: Revision | None, typed: Mapping[str, str] | None = None):
        leaves = queries.leaves(report.operation)
        factors = queries.factors(leaves, report.month)
        figures = {}
        if revision:
            kept = revision.figures.select_related("unit", "factor__unit", "factor__into")
            figures = {figure.indicator_id: figure for figure in kept}
        self.fields: dict[str, Field] = {}
        self.entered: dict[str, Entered] = {}
        for leaf in leaves:
            own = {unit: factor for (code, unit), factor in factors.items() if code == leaf.code}
            others = [factor.unit for factor in own.values() if factor.unit_id != leaf.unit_id]
            units = [leaf.unit, *sorted(others, key=lambda unit: (unit.position, unit.code))]
            figure = figures.get(leaf.pk)
            saved = saved_cell(leaf, figure)
            cell = _typed(leaf.code, typed, saved) if typed is not None else saved
            habit = report.agency.decimal_separator
            self.fields[leaf.code] = Field(leaf, units, own, figure, saved, cell, habit)

    def is_readable(self) -> bool:
        """Read all that was typed into `entered`; False where any cannot be read, and each such says why."""
        for code, one in self.fields.items():
            if not one.is_touched:
                continue
            try:
                self.entered[code] = one.read()
            except ValueError as problem:
                one.error = str(problem)
        return not self.errors

    @property
    def errors(self) -> list[dict]:
        """What stands in the way, each with the id of its field."""
        return [
            {"text": f"{one.indicator.label}: {one.error}", "id": code}
            for code, one in self.fields.items()
            if one.error
        ]

    @property
    def answered(self) -> str:
        """The decimal separator that was named for a text with two readings; empty where none had to be."""
        chosen = [
            reading["means"]
            for one in self.fields.values()
            for reading in one.readings
            if reading["is_chosen"]
        ]
        return chosen[0] if chosen else ""

    @property
    def filled(self) -> int:
        """How many figures or marks are saved."""
        return sum(1 for one in self.fields.values() if one.figure and not one.figure.is_empty)

    @property
    def unsaved(self) -> list[dict]:
        """What was typed and is not saved, to be shown where there is no form to show it in."""
        return [
            {"label": one.indicator.label, "text": one.cell.in_words}
            for one in self.fields.values()
            if one.is_touched
        ]

    def merge(self, changes: Iterable[Change]) -> None:
        """Bring in what was changed meanwhile: taken over where nothing was typed, else said beside it."""
        first_and_last = {}
        for change in changes:
            first, _last = first_and_last.get(change.indicator.code, (change, change))
            first_and_last[change.indicator.code] = (first, change)
        for code, (first, last) in first_and_last.items():
            one = self.fields[code]
            if replace(one.cell, means="") == _recorded(one.indicator, first.before):
                one.cell = one.saved
            elif one.is_touched:
                one.error = _(
                    "%(name)s changed this meanwhile; saved is now: %(figure)s. Save again to keep yours."
                ) % {
                    "name": last.by.label if last.by else _("Somebody"),
                    "figure": one.saved.in_words or _("nothing"),
                }


def _typed(code: str, typed: Mapping[str, str], saved: Cell) -> Cell:
    """What came for one indicator; what did not come at all stays as it was."""
    cell = Cell(
        text=typed.get(code, saved.text),
        unit=typed.get(f"{code}.unit", saved.unit),
        mark=typed.get(f"{code}.mark", saved.mark),
        note=typed.get(f"{code}.note", saved.note),
        means=typed.get(f"{code}.means", ""),
    )
    if cell.means not in (".", ","):
        cell = replace(cell, means="")
    # A unit without a figure says nothing.
    return cell if cell.text.strip() or saved.text else replace(cell, text="", unit=saved.unit)


def saved_cell(indicator: Indicator, figure: Figure | None) -> Cell:
    """A figure as it stands in the form, empty for none."""
    if figure is None:
        return Cell(unit=indicator.unit.code)
    return _cell(indicator, figure.quantity, figure.unit and figure.unit.code, figure.mark, figure.note)


def _recorded(indicator: Indicator, figure: dict | None) -> Cell:
    """The cell of a figure as a change has it on record."""
    if figure is None:
        return Cell(unit=indicator.unit.code)
    quantity = None if figure["quantity"] is None else Decimal(figure["quantity"])
    return _cell(indicator, quantity, figure["unit"], figure["mark"], figure["note"])


def _cell(
    indicator: Indicator, quantity: Decimal | None, unit: str | None, mark: str | None, note: str
) -> Cell:
    unit = unit or indicator.unit.code
    # One line, as the form has it.
    return Cell(_text(indicator, quantity, unit), unit, mark or "", " ".join(note.split()))


def _text(indicator: Indicator, quantity: Decimal | None, unit: str) -> str:
    """A quantity as it stands in the form: grouped, in the indicator's own unit with all its decimals."""
    if quantity is None:
        return ""
    decimals = indicator.decimals
    if unit != indicator.unit.code:
        decimals = max(0, -quantity.normalize().as_tuple().exponent)
    return numbers.grouped(quantity, decimals, get_language() or "en")


class Correction(forms.Form):
    """Why a verified report is opened again."""

    reason_code = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=[("", "—"), *Revision.Reason.choices],
        error_messages={"required": gettext_lazy("Choose why the figures are corrected.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("What is corrected, in a sentence"),
        max_length=Revision._meta.get_field("reason").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say in a sentence what is corrected and why.")},
    )
