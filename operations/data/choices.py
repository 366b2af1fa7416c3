"""What can be chosen on the page of the files, with what is chosen already; it all stands in the address."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import access, months, queries, selections
from ..models import Country, FocusArea, Indicator, Operation
from ..selections import Selection
from ..templatetags.show import day, moment, month, span_short
from .asked import Asked
from .tables import BY


def filters(selection: Selection, person, *, today: date, action: str, address, hidden=()) -> dict:
    """For templates/_filters.html, of this page and of the results.

    `action` is where the form leads, `address(operation)` where another operation is shown, `hidden` pairs that stay.
    """
    operation = selection.operation
    last = _newest(selection, today)
    span = list(months.span(operation.first_month, last))
    countries = Country.objects.filter(agencies__operations=operation).distinct()
    areas = FocusArea.objects.filter(indicators__operations=operation).distinct()
    whole = selection.narrowed(
        first=operation.first_month, last=last, countries=(), areas=(), indicators=(), agencies=()
    )
    here = address(operation)
    return {
        "action": action,
        "hidden": [_hidden(name, value) for name, value in (*hidden, *_kept(selection))],
        "operations": [
            {"label": one.label, "url": address(one) + live, "current": one == operation}
            for one, live in _operations(person)
        ],
        "operation_label": operation.label,
        "from_options": [_option(months.written(one), month(one), one == selection.first) for one in span],
        "to_options": [_option(months.written(one), month(one), one == selection.last) for one in span],
        "months_label": span_short(selection.first, selection.last),
        "countries": _options(countries, selection.countries),
        "countries_label": _chosen(countries, selection.countries),
        "areas": _options(areas, selection.areas),
        "areas_label": _chosen(areas, selection.areas),
        "releases": [] if selection.as_of else _releases(selection, person),
        "versions": _versions(selection, person, here, last) if selection.as_of else [],
        "release_label": version_label(selection),
        "as_of": _as_of(selection, whole, person, today, hidden),
        "reset_url": f"{here}{whole.query()}" if selection != whole else "",
    }


def _newest(selection: Selection, today: date) -> date:
    """The last month that can be chosen."""
    if selection.release:
        return selection.release.last_month
    return selections.newest_live_month(
        selection.operation, selection.as_of.date() if selection.as_of else today
    )


def _kept(selection: Selection) -> list[tuple[str, str]]:
    """What the form keeps of a selection without a field for it."""
    moment = [("release", "live"), ("as_of", selections.written(selection.as_of))] if selection.as_of else []
    return moment + [("agency", code) for code in selection.agencies]


def _versions(selection: Selection, person, here: str, newest: date) -> list[dict]:
    """Ways out of a moment: the releases and the live view. Links, since a form would carry the moment along."""
    found = []
    for one in queries.releases().filter(operation=selection.operation):
        last = one.last_month if selection.last == newest else min(selection.last, one.last_month)
        released = selection.narrowed(
            release=one, as_of=None, first=min(selection.first, last), last=last
        ).query()
        found.append({"label": _release_label(one), "url": here + released})
    if access.live_countries(person):
        live = selection.narrowed(as_of=None).query()
        found.append({"label": _("Live: verified so far, not released"), "url": here + live})
    return found


def _as_of(selection: Selection, whole: Selection, person, today: date, hidden) -> dict | None:
    """The field for a moment, in a form of its own with what else is chosen; None for who sees releases only."""
    if not access.live_countries(person):
        return None
    pairs = [*hidden, ("release", "live")]
    if selection.first != whole.first:
        pairs.append(("from", months.written(selection.first)))
    if selection.last != whole.last:
        pairs.append(("to", months.written(selection.last)))
    pairs += [("country", code) for code in selection.countries]
    pairs += [("agency", code) for code in selection.agencies]
    pairs += [("area", code) for code in selection.areas]
    return {
        "hidden": [_hidden(name, value) for name, value in pairs],
        "value": selections.written(selection.as_of).removesuffix("Z") if selection.as_of else "",
        "earliest": f"{selection.operation.first_day}T00:00",
        "latest": f"{today}T23:59",
    }


def indicators(selection: Selection) -> list[dict]:
    """Every indicator of the operation, calculated ones too, in order."""
    codes = [leaf.code for leaf in queries.leaves(selection.operation)]
    codes += queries.calculated(selection.operation)
    found = Indicator.objects.filter(code__in=codes).order_by("area__position", "position", "code")
    return _options(found, selection.indicators)


def splits(question: Asked) -> list[dict]:
    """By what the totals can be split beside the indicator."""
    labels = {
        "country": _("Country"),
        "agency": _("Agency"),
        "month": _("Month"),
        "focus_area": _("Focus area"),
    }
    return [_option(name, labels[name], name in question.by) for name in BY]


def hidden(selection: Selection) -> list[dict]:
    """The fields that keep all of a selection but its indicators, which the form beside them asks for."""
    pairs = [("operation", selection.operation.code), ("release", selection.version)]
    if selection.as_of:
        pairs.append(("as_of", selections.written(selection.as_of)))
    pairs += [("from", months.written(selection.first)), ("to", months.written(selection.last))]
    pairs += [("country", code) for code in selection.countries]
    pairs += [("agency", code) for code in selection.agencies]
    pairs += [("area", code) for code in selection.areas]
    return [_hidden(name, value) for name, value in pairs]


def version_label(selection: Selection) -> str:
    if selection.as_of:
        return _("Verified by %(moment)s") % {"moment": moment(selection.as_of)}
    if selection.release is None:
        return _("Live: verified so far")
    return _release_label(selection.release)


def reports_sentence(found: int, expected: int) -> str:
    """On how many of the expected reports a selection stands."""
    return ngettext("%(in)s of %(expected)s report", "%(in)s of %(expected)s reports", expected) % {
        "in": found,
        "expected": expected,
    }


def _operations(person):
    """The operations of which this reader may see anything, each with what its address needs more."""
    released = set(queries.releases().values_list("operation", flat=True))
    may_live = bool(access.live_countries(person))
    for operation in Operation.objects.all():
        if operation.pk in released:
            yield operation, ""
        elif may_live:
            yield operation, "release=live"


def _releases(selection: Selection, person) -> list[dict]:
    options = [
        _option(str(one.number), _release_label(one), one == selection.release)
        for one in queries.releases().filter(operation=selection.operation)
    ]
    if access.live_countries(person):
        options.append(_option("live", _("Live: verified so far, not released"), selection.is_live))
    return options


def _release_label(release) -> str:
    return _("Release %(number)s, %(day)s") % {"number": release.number, "day": day(release.at)}


def _options(things, chosen) -> list[dict]:
    return [_option(one.code, one.label, one.code in chosen) for one in things]


def _chosen(things, chosen) -> str:
    return ", ".join(one.label for one in things if one.code in chosen) or _("All")


def _option(value: str, label: str, selected: bool) -> dict:
    return {"value": value, "label": label, "selected": selected}


def _hidden(name: str, value: str) -> dict:
    return {"name": name, "value": value}
