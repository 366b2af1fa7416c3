"""Pure rules on the figures of one report: what stops its submission, and what is odd and wants a reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from django.utils.translation import gettext as _

NOT_AVAILABLE, NOT_APPLICABLE = "L", "M"  # the observation status of the same meaning, as figures keep it
MONTHS_LOOKED_AT = 12
MONTHS_OF_FIGURES = 3  # so many in a row make a mark surprising


@dataclass(frozen=True)
class Leaf:
    """An indicator that is entered, as far as rules need it; `label` is in the reader's language."""

    code: str
    area: str
    unit: str
    decimals: int
    label: str
    odd_ratio: Decimal = Decimal(10)
    unit_ratio: int = 1000  # between g, kg and t, and more between tablets and kg


@dataclass(frozen=True)
class Entry:
    """One figure of one month: a value, or a mark, or neither while it is empty."""

    value: Decimal | None = None
    mark: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule (`code`) found on one indicator: it `blocks` submission, or wants a reason in the note."""

    code: str
    indicator: str
    blocks: bool
    message: str


EMPTY = Entry()
Month = Mapping[str, Entry]


def findings(
    leaves: Sequence[Leaf], entries: Month, earlier: Sequence[Month], pairs: Iterable[tuple[str, str]] = ()
) -> list[Finding]:
    """All that stops or is odd in a month, in the order of the leaves; an empty list when there is nothing.

    `entries` are this month's by indicator code, `earlier` those of the months before, newest first, with
    {} for a month nobody reported. `pairs` are (suspects, cases): suspects without a single case are odd.
    Fewer suspects than cases and more victims than suspects are neither wrong nor odd: the published totals
    themselves are so.
    """
    earlier = earlier[:MONTHS_LOOKED_AT]
    cases_of = dict(pairs)
    repeated = _repeated(leaves, entries, earlier)
    found = []
    for leaf in leaves:
        entry = entries.get(leaf.code, EMPTY)
        before = [month.get(leaf.code, EMPTY) for month in earlier]
        found += _missing(leaf, entry)
        found += _out_of_scale(leaf, entry, before)
        found += _out_of_habit(leaf, entry, before)
        if leaf.code in repeated:
            found.append(
                _odd(
                    "same-as-last-month",
                    leaf,
                    _(
                        "All figures of this section are the same as last month, beginning with %(label)s. "
                        "Correct them, or say in the note that they are right."
                    ),
                )
            )
        cases = entries.get(cases_of.get(leaf.code), EMPTY)
        if entry.value and cases.value == 0:
            found.append(
                _odd(
                    "suspects-without-case",
                    leaf,
                    _(
                        "%(label)s: there are suspects but no case. "
                        "Enter the case, or say in the note why there is none."
                    ),
                )
            )
    return found


def is_empty(entry: Entry) -> bool:
    """Whether nothing is reported, which is neither zero nor a mark."""
    return entry.value is None and not entry.mark


def unanswered(found: Iterable[Finding], entries: Month) -> list[Finding]:
    """What still keeps a report from submission: findings that block, or want a reason and have no note."""
    return [
        finding
        for finding in found
        if finding.blocks or not entries.get(finding.indicator, EMPTY).note.strip()
    ]


def _missing(leaf, entry):
    if is_empty(entry):
        return [_stop("empty", leaf, _("%(label)s is empty: a figure, 0 or “not available” is needed."))]
    if entry.mark and not entry.note.strip():
        return [
            _stop(
                "mark-without-reason",
                leaf,
                _("%(label)s has no figure: say in the note why it is not available or not applicable."),
            )
        ]
    return []


def _out_of_scale(leaf, entry, before):
    """Findings against the median of the earlier months above zero: against zero every figure would be odd.

    A zero is never out of scale: a month without seizures is no mistake of unit.
    """
    figures = [past.value for past in before if past.value]
    if not entry.value or not figures:
        return []
    usual = median(figures)
    weight = leaf.unit == "kg"
    if entry.value >= usual * leaf.unit_ratio:
        question = _("Were grams or tablets entered as kg?") if weight else _("Is a digit or a comma wrong?")
        return [
            _odd(
                "unit-above",
                leaf,
                _(
                    "%(label)s is %(times)s times what the earlier months had, or more. %(question)s "
                    "Correct it, or say in the note why it is right."
                ),
                question=question,
                times=leaf.unit_ratio,
            )
        ]
    if entry.value * leaf.unit_ratio <= usual:
        question = _("Were tonnes entered as kg?") if weight else _("Is a digit or a comma wrong?")
        return [
            _odd(
                "unit-below",
                leaf,
                _(
                    "%(label)s is 1/%(times)s of what the earlier months had, or less. %(question)s "
                    "Correct it, or say in the note why it is right."
                ),
                question=question,
                times=leaf.unit_ratio,
            )
        ]
    if entry.value >= usual * leaf.odd_ratio:
        return [
            _odd(
                "far-above",
                leaf,
                _(
                    "%(label)s is %(times)s times what the earlier months had. "
                    "Correct it, or say in the note what happened."
                ),
                times=int(entry.value / usual),
            )
        ]
    return []


def _out_of_habit(leaf, entry, before):
    last = before[:MONTHS_OF_FIGURES]
    if entry.mark and len(last) == MONTHS_OF_FIGURES and all(past.value is not None for past in last):
        return [
            _odd(
                "mark-after-figures",
                leaf,
                _(
                    "%(label)s had a figure in each of the last three months. "
                    "Enter one, or say in the note why there is none."
                ),
            )
        ]
    known = [past for past in before if past.value is not None or past.mark]
    if entry.value is not None and known and all(past.mark == NOT_APPLICABLE for past in known):
        return [
            _odd(
                "figure-after-not-applicable",
                leaf,
                _(
                    "%(label)s was always not applicable before. "
                    "Check the row, or say in the note what has changed."
                ),
            )
        ]
    return []


def _repeated(leaves, entries, earlier):
    """The first indicator with something in each area whose figures are all last month's.

    One figure alone may repeat by chance, so at least two must be above zero.
    """
    first = set()
    for area in {leaf.area for leaf in leaves}:
        codes = [leaf.code for leaf in leaves if leaf.area == area]
        above_zero = [code for code in codes if entries.get(code, EMPTY).value]
        if (
            earlier
            and len(above_zero) > 1
            and all(entries.get(code, EMPTY).value == earlier[0].get(code, EMPTY).value for code in codes)
        ):
            first.add(above_zero[0])
    return first


def _stop(code, leaf, sentence):
    return Finding(code, leaf.code, True, sentence % {"label": leaf.label})


def _odd(code, leaf, sentence, **words):
    return Finding(code, leaf.code, False, sentence % {"label": leaf.label, **words})
