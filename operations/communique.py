"""The communiqué: an operation's paragraph with its places filled by what the records give, kept with each release.

A text is a list of pieces, as JSON keeps it: words, and for each number {"indicator", "value", "text"}: the record in
the indicator's unit as a plain decimal (null: none), and as it stands in the sentence.
"""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from . import numbers, queries, selections, wording
from .models import Indicator, Operation, PublishedClaim, Release
from .queries import Total
from .selections import Selection


def covers(selection: Selection) -> bool:
    """Whether a selection is all of an operation since its launch; of less the paragraph would say too much."""
    narrowed = selection.countries or selection.agencies or selection.areas
    since_launch = selection.first == selection.operation.first_month
    up_to_the_end = selection.release is None or selection.last == selection.release.last_month
    return not narrowed and since_launch and up_to_the_end


def languages(operation: Operation) -> list[str]:
    """The languages in which the operation has a communiqué of its own, English first; none without one."""
    if not operation.communique:
        return []
    others = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
    written = [code for code in others if operation.translations.get(code, {}).get("communique")]
    return [settings.LANGUAGE_CODE, *written]


def texts(selection: Selection) -> dict[str, list]:
    """The paragraph of a selection in each language that has one: as frozen with its release, else as it is now."""
    if selection.release and selection.release.communique:
        return selection.release.communique
    return written(selection)


def written(selection: Selection) -> dict[str, list]:
    """The paragraph filled from the records as they are."""
    operation = selection.operation
    templates = {code: operation.text("communique", code) for code in languages(operation)}
    if not templates:
        return {}
    totals = {one.indicator: one for one in queries.totals(selection.narrowed(indicators=()))}
    indicators = {one.code: one for one in Indicator.objects.select_related("unit")}
    found = {}
    for language, template in templates.items():
        with override(language):
            found[language] = [
                one
                if isinstance(one, str)
                else _filled(one, totals.get(one.indicator), indicators, selection, language)
                for one in wording.parts(template)
            ]
    return found


def of_release(release: Release) -> dict[str, list]:
    """What a release is to keep: its paragraph in each language, filled from what it pins."""
    return written(selections.of_release(release))


def plain(pieces: list) -> str:
    return "".join(one if isinstance(one, str) else one["text"] for one in pieces)


def values(text: dict[str, list]) -> dict[str, Decimal | None]:
    """By indicator the record behind each number of a text; the same in every language."""
    filled = [one for pieces in text.values() for one in pieces if not isinstance(one, str)]
    return {one["indicator"]: None if one["value"] is None else Decimal(one["value"]) for one in filled}


@dataclass(frozen=True)
class Broken:
    """A number said in public that the records of a selection do not bear out; `value` is what they give, or None."""

    claim: PublishedClaim
    value: Decimal | None


def broken(selection: Selection) -> list[Broken]:
    """The claims about numbers of the communiqué that do not hold in a selection, the last said of each indicator."""
    recorded = values(texts(selection))
    last = {claim.indicator.code: claim for claim in queries.claims(selection.operation)}
    return [
        Broken(claim, recorded[code])
        for code, claim in last.items()
        if code in recorded and not holds(claim, recorded[code])
    ]


def holds(claim: PublishedClaim, value: Decimal | None) -> bool:
    """Whether the records bear a claim (of `queries.claims`) out; what is not reported or not converted does not."""
    return value is not None and claim.factor is not None and claim.holds(value, claim.factor)


def _filled(slot: wording.Slot, total: Total | None, indicators, selection: Selection, language: str) -> dict:
    value = total.value if total else None
    if value is None:
        return {"indicator": slot.indicator, "value": None, "text": _("[not reported]")}
    indicator = indicators[slot.indicator]
    return {
        "indicator": slot.indicator,
        "value": numbers.plain(value, indicator.decimals),
        "text": _shown(slot, indicator, value, selection, language),
    }


def _shown(
    slot: wording.Slot, indicator: Indicator, value: Decimal, selection: Selection, language: str
) -> str:
    unit = slot.unit or indicator.unit.code
    factor = queries.factor_of(indicator, unit, selection.last)
    if factor is None:
        return _("[not converted to “%(unit)s”]") % {"unit": unit}
    if slot.is_over:
        return numbers.grouped((value / factor).to_integral_value(ROUND_FLOOR), 0, language)
    decimals = indicator.decimals if slot.decimals is None else slot.decimals
    return numbers.grouped(value / factor, decimals, language)
