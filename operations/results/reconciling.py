"""Published claims against the records: what the records gave when a number was said, what they give now, and why."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import communique, queries, selections
from ..data import choices
from ..models import Agency, Indicator, Operation, PublishedClaim, Release, Revision
from ..queries import Cause, Total
from ..selections import Selection
from ..templatetags.show import figure, month
from .communique import signed
from .tables import receipt_url


@dataclass(frozen=True)
class State:
    """The records at one time: `label` says which time, `version` which records; totals by indicator."""

    label: str
    version: str
    selection: Selection
    totals: dict[str, Total]


def page(operation: Operation, *, today, may_see_live: bool) -> dict:
    """Each occasion on which numbers were said of an operation, with its rows and ledgers.

    Against a claim stands the newest release on the day it was said or, if there was none by then, the first one
    after; beside it the newest release, and for those who may see it what is verified so far.
    """
    later = _later(operation, today, may_see_live)
    occasions = groupby(queries.claims(operation), key=lambda claim: (claim.said_on, claim.where))
    return {
        "occasions": [
            _occasion(said_on, where, list(claims), later, may_see_live)
            for (said_on, where), claims in occasions
        ]
    }


def _occasion(
    said_on, where: str, claims: list[PublishedClaim], later: list[State], may_see_live: bool
) -> dict:
    states = []
    if release := queries.release_at(claims[0].operation, said_on):
        by_then = release.at.date() <= said_on
        label = _("At publication") if by_then else _("First release after")
        states.append(_state(label, release))
    states += later
    moves = [
        (before, now, queries.causes(before.selection, now.selection, released_only=not may_see_live))
        for before, now in pairwise(states)
        if before.selection != now.selection
    ]
    above = _above()
    rows = [_row(claim, states) for claim in claims]
    ledgers = [_ledger(claim, move, above) for claim in claims for move in moves]
    return {
        "said_on": said_on,
        "where": where,
        "states": states,
        "rows": rows,
        "held": [
            _held(state, [row["states"][index]["holds"] for row in rows])
            for index, state in enumerate(states)
        ],
        "ledgers": [one for one in ledgers if one["lines"] or one["rest"]],
        "has_later": bool(moves),
    }


def _held(state: State, answers: list[bool]) -> dict:
    words = ngettext("%(held)s of %(count)s number holds", "%(held)s of %(count)s numbers hold", len(answers))
    sentence = words % {"held": sum(answers), "count": len(answers)}
    return {"label": state.label, "sentence": sentence, "all": all(answers)}


def _later(operation: Operation, today, may_see_live: bool) -> list[State]:
    states = []
    if latest := queries.releases().filter(operation=operation).first():
        states.append(_state(_("Now"), latest))
    if may_see_live:
        last = selections.newest_live_month(operation, today)
        live = Selection(operation, None, operation.first_month, last)
        states.append(State(_("Not released yet"), _("Verified so far"), live, _totals(live)))
    return states


def _state(label: str, release: Release) -> State:
    selection = selections.of_release(release)
    return State(label, choices.version_label(selection), selection, _totals(selection))


def _totals(selection: Selection) -> dict[str, Total]:
    return {total.indicator: total for total in queries.totals(selection)}


def _row(claim: PublishedClaim, states: list[State]) -> dict:
    return {
        "claim": claim,
        "area": claim.indicator.area.code,
        "unit": claim.indicator.unit.plural_label,
        "states": [_found(claim, state) for state in states],
    }


def _found(claim: PublishedClaim, state: State) -> dict:
    """What the records of a time give for a claim, and whether they bear it out."""
    indicator, total = claim.indicator, state.totals.get(claim.indicator.code)
    value = total.value if total else None
    return {
        "label": state.label,
        "text": figure(value, indicator.decimals),
        "href": receipt_url(state.selection, indicator.code),
        "holds": communique.holds(claim, value),
        "is_reported": value is not None,
        "is_complete": total is not None and total.is_complete,
        "reports": choices.reports_sentence(total.reports_in, total.reports_expected) if total else "",
    }


def _ledger(claim: PublishedClaim, move, above: dict[str, str | None]) -> dict:
    """What moved one number between two times; the lines and the rest are together the difference, always."""
    before, now, causes = move
    agencies = {one.code: one for one in Agency.objects.select_related("country")}
    together: dict[tuple, list[Cause]] = {}  # in the order of the causes: months, then the Centre's order
    for cause in causes:
        if _counts_in(claim, cause, above):
            together.setdefault(_together(cause), []).append(cause)
    lines = [_line(claim, group, before, now, agencies) for group in together.values()]
    difference = _difference(claim, before, now)
    rest = difference - sum(line["amount"] for line in lines)
    decimals = claim.indicator.decimals
    return {
        "claim": claim,
        "area": claim.indicator.area.code,
        "unit": claim.indicator.unit.plural_label,
        "before": before.version,
        "now": now.version,
        "lines": [line for line in lines if line["amount"]],
        "difference": signed(difference, decimals),
        "rest": signed(rest, decimals) if rest else "",
    }


def _together(cause: Cause) -> tuple:
    """One line for all parts of a total that one revision of a report moved for one reason."""
    return cause.month, cause.agency, cause.before, cause.after, cause.kind


def _line(claim: PublishedClaim, causes: list[Cause], before: State, now: State, agencies) -> dict:
    (cause, *_others), amount = causes, sum(cause.amount for cause in causes)
    # What is withdrawn counts in the first of the two times alone, and has its receipt there.
    where = before if cause.after is None else now
    return {
        "amount": amount,
        "text": signed(amount, claim.indicator.decimals),
        "href": receipt_url(
            where.selection, claim.indicator.code, agencies=(cause.agency,), month=cause.month
        ),
        "why": why(cause.kind),
        "reason": cause.reason,
        "agency": agencies[cause.agency].in_short,
        "country": agencies[cause.agency].country.code,
        "month": month(cause.month),
        "before": cause.before,
        "after": cause.after,
    }


def why(kind: str) -> str:
    """The kind of a cause in words."""
    words = {
        "report": _("Late report"),
        "month": _("Report of a later month"),
        "withdrawn": _("Withdrawn"),
        "factor": _("Conversion factor changed"),
    }
    if kind in words:
        return words[kind]
    return _("Correction: %(reason)s") % {"reason": Revision.Reason(kind).label}


def _difference(claim: PublishedClaim, before: State, now: State) -> Decimal:
    first, last = (state.totals.get(claim.indicator.code) for state in (before, now))
    return (last.value if last and last.value else Decimal(0)) - (
        first.value if first and first.value else Decimal(0)
    )


def _above() -> dict[str, str | None]:
    """The indicator above each, None for none."""
    return dict(Indicator.objects.values_list("code", "parent__code"))


def _counts_in(claim: PublishedClaim, cause: Cause, above: dict[str, str | None]) -> bool:
    code = cause.indicator
    while code and code != claim.indicator.code:
        code = above[code]
    return bool(code)
