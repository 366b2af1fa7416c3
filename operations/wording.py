"""Numbers in public words: what a published one claims of the records, and the places for numbers in a sentence."""

import re
from dataclasses import dataclass
from decimal import Decimal

HALF = Decimal("0.5")
_SLOT = re.compile(
    r"\{(?P<indicator>[A-Za-z0-9][A-Za-z0-9_-]*)(?::(?P<kept>over|1|0\.0{0,2}1) (?P<unit>[A-Za-z]+))?\}"
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Slot:
    """A place for the number of an indicator, written `{drug-cases}`, `{drugs-seized:over t}` or `{…:0.01 t}`.

    The first is in the indicator's own unit and decimals. `over` keeps whole units only, cut and never rounded up;
    `decimals` are rounded, a half goes up.
    """

    indicator: str
    unit: str = ""
    is_over: bool = False
    decimals: int | None = None


def parts(template: str) -> list[str | Slot]:
    """A sentence as its words and its places for numbers; ValueError, with the piece, for a brace that is neither."""
    found, end = [], 0
    for match in _SLOT.finditer(template):
        found += [template[end : match.start()], _slot(match)]
        end = match.end()
    found = [one for one in [*found, template[end:]] if one]
    for words in found:
        if isinstance(words, str) and (brace := re.search(r"[{}]", words)):
            raise ValueError(words[brace.start() :][:40])
    return found


def slots(template: str) -> list[Slot]:
    return [one for one in parts(template) if isinstance(one, Slot)]


def _slot(match: re.Match) -> Slot:
    kept, unit = match["kept"], match["unit"] or ""
    is_over = kept == "over"
    decimals = len(kept.partition(".")[2]) if kept and not is_over else None
    return Slot(match["indicator"], unit, is_over, decimals)


def bounds(quantity: Decimal, precision: str, decimals: int) -> tuple[Decimal, Decimal]:
    """From which number on, and below which, records bear a published one out; in the unit it was said in.

    “Over 82” is 82 to below 83. “169.73” is what rounds to it at the decimals said, a half going up: 169.725 to
    below 169.735. A rounded “120,000” is what rounds to it at its last digit that is not 0: 115,000 to 125,000.
    """
    if precision == "over":
        return quantity, quantity + 1
    place = -decimals
    if precision == "rounded" and quantity:
        place = quantity.normalize().as_tuple().exponent
    half = HALF.scaleb(place)
    return quantity - half, quantity + half


def decimals_said(words: str, quantity: Decimal) -> int:
    """With how many decimals a number stands in the words: 2 in “170.00 tonnes”; as many as it needs if it does not."""
    for text in _NUMBER.findall(words):
        if Decimal(text.replace(",", "")) == quantity:
            return len(text.partition(".")[2])
    return max(0, -quantity.normalize().as_tuple().exponent)
