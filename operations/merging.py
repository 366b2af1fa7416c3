"""How several rows of a foreign file become one figure, and what becomes of those they do not mention."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, localcontext

from . import numbers
from .actions import Entered
from .layouts import LONGEST_NOTE, QUANTITY_DECIMALS, Part
from .models import Factor, Indicator
from .profiles import Rest

Leaves = dict[str, Indicator]
Factors = dict[tuple[str, str], Factor]


@dataclass(frozen=True)
class Wanted:
    """One figure as the file has it, and its rows (none for a figure that the file does not mention)."""

    entered: Entered
    parts: tuple[Part, ...] = ()


def figures(
    parts: list[Part], left_out: list[Part], leaves: Leaves, factors: Factors, rest: Rest | None
) -> dict[str, Wanted]:
    """The figures, by indicator, that one report's rows make; the note of each names its rows.

    `left_out` are the report's refused rows, named in the notes as well. With `rest`, leaves without a row get its
    mark: missing is not zero.
    """
    rows_of, left_out_of = defaultdict(list), defaultdict(list)
    for part in parts:
        rows_of[part.indicator].append(part)
    for part in left_out:
        left_out_of[part.indicator].append(part)
    made = {
        code: Wanted(_sum(ones, leaves.get(code), factors, _note(ones, left_out_of[code])), tuple(ones))
        for code, ones in rows_of.items()
    }
    if rest:
        for code in leaves.keys() - made.keys():
            made[code] = Wanted(Entered(mark=rest.mark, note=_note([], left_out_of[code]) or rest.note))
    return made


def _sum(parts: list[Part], leaf: Indicator | None, factors: Factors, note: str) -> Entered:
    """As reported, if all rows are in one unit and their sum is kept exactly; otherwise converted, added and then
    rounded once, in the indicator's unit."""
    with localcontext(prec=80):
        quantity = sum(part.quantity for part in parts)
        units = {part.unit for part in parts}
        if leaf is None:
            return Entered(quantity, parts[0].unit, note=note)  # unknown, and refused when it is saved
        own = leaf.unit.code
        if len(units) == 1 and own not in units and quantity == round(quantity, QUANTITY_DECIMALS):
            return Entered(quantity, units.pop(), note=note)
        times = {unit: factors[leaf.code, unit].factor if unit != own else 1 for unit in units}
        value = sum(part.quantity * times[part.unit] for part in parts)
        return Entered(numbers.convert(value, Decimal(1), leaf.decimals), own, note=note)


def _note(parts: list[Part], left_out: list[Part]) -> str:
    """Which rows stand behind a figure, in the file's words; kept with the figure, hence English."""
    said = [_rows(parts, ""), _rows(left_out, " not converted")]
    note = "; ".join(filter(None, said))
    return note if len(note) <= LONGEST_NOTE else note[: LONGEST_NOTE - 1] + "…"


def _rows(parts: list[Part], what: str) -> str:
    if not parts:
        return ""
    count = "1 row" if len(parts) == 1 else f"{len(parts)} rows"
    return f"{count}{what}: " + ", ".join(part.words for part in parts)
