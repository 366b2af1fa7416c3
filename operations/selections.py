"""What a reader looks at: an operation, a release or the live view, months, countries, areas, indicators.

The same selection stands behind a page, its charts and its files, and is written in the address.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from . import access, months
from .models import Agency, Country, FocusArea, Indicator, Operation, Release

FILTERS = ("from", "to", "country", "agency", "area", "indicator", "release", "as_of")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


class Unselectable(Exception):
    """Why nothing can be shown: a sentence, the filter it is about, and the HTTP status that fits."""

    def __init__(self, message: str, field: str = "", status: int = 400):
        super().__init__(message)
        self.message, self.field, self.status = message, field, status


@dataclass(frozen=True)
class Selection:
    """`release` is None in the live view; `as_of` makes that what was verified by a moment, None is now.

    Empty `countries`, `areas`, `indicators` or `agencies` mean all.
    """

    operation: Operation
    release: Release | None
    first: date
    last: date
    countries: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    as_of: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.release is None

    @property
    def version(self) -> str:
        """`1` or `live`, as in addresses and files."""
        return str(self.release.number) if self.release else "live"

    def narrowed(self, **changes) -> "Selection":
        return replace(self, **changes)

    def query(self, **extra) -> str:
        """The query string that brings back exactly this selection, whatever is released later."""
        pairs = [("release", self.version)]
        if self.as_of:
            pairs.append(("as_of", written(self.as_of)))
        if self.first != self.operation.first_month:
            pairs.append(("from", months.written(self.first)))
        if self.release is None or self.last != self.release.last_month:
            pairs.append(("to", months.written(self.last)))
        pairs += [("country", code) for code in self.countries]
        pairs += [("agency", code) for code in self.agencies]
        pairs += [("area", code) for code in self.areas]
        pairs += [("indicator", code) for code in self.indicators]
        for name, value in extra.items():
            pairs = [pair for pair in pairs if pair[0] != name] + [(name, value)]
        return urlencode(pairs)


def of_release(release: Release) -> Selection:
    """All that a release holds."""
    return Selection(release.operation, release, release.operation.first_month, release.last_month)


def newest_operation() -> Operation | None:
    """The operation that a visitor wants first: the newest that has a release; None before any release."""
    return Operation.objects.filter(releases__at__isnull=False).order_by("-first_day", "code").first()


def read(params, *, operation: Operation, person, today: date) -> Selection:
    """The selection that query parameters (a QueryDict) name; Unselectable where that is none or not theirs."""
    as_of = _as_of(params, operation, person, today)
    release = None if as_of else _release(operation, _one(params, "release"), person)
    newest = release.last_month if release else newest_live_month(operation, as_of.date() if as_of else today)
    first = _month(params, "from", operation.first_month, operation, newest)
    last = _month(params, "to", newest, operation, newest)
    if first > last:
        raise Unselectable(
            _("The months run backwards: from %(first)s to %(last)s. Exchange them.")
            % {"first": months.written(first), "last": months.written(last)},
            "from",
        )
    countries = _known(params, "country", Country.objects.filter(agencies__operations=operation))
    if release is None:
        allowed = access.live_countries(person)
        countries = countries or (tuple(allowed) if len(allowed) < Country.objects.count() else ())
        if not allowed or not set(countries or allowed) <= set(allowed):
            raise Unselectable(_("You may not see unreleased figures of these countries."), "release", 403)
    agencies = _known(
        params,
        "agency",
        Agency.objects.filter(
            operations=operation, **({"country__code__in": countries} if countries else {})
        ),
    )
    return Selection(
        operation=operation,
        release=release,
        first=first,
        last=last,
        countries=countries,
        areas=_known(params, "area", FocusArea.objects.filter(indicators__operations=operation)),
        indicators=_known(params, "indicator", Indicator.objects.all()),
        agencies=agencies,
        as_of=as_of,
    )


def written(moment: datetime) -> str:
    """A moment as it stands in addresses and files: 2026-01-20T00:00Z, with seconds only where there are any."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if moment.second else "%Y-%m-%dT%H:%MZ")


def _one(params, name: str) -> str:
    values = params.getlist(name)
    if len(values) > 1:
        raise Unselectable(_("“%(name)s” can be given once only.") % {"name": name}, name)
    return values[0] if values else ""


def _as_of(params, operation: Operation, person, today: date) -> datetime | None:
    """The moment named, in UTC where it names no offset; None for none. For those alone who see what is live."""
    # An address writes a space as “+”, so an offset's “+” that nobody escaped comes here as a space.
    text = _one(params, "as_of").strip().replace(" ", "+")
    if not text:
        return None
    if not access.live_countries(person):
        raise Unselectable(_("Only those who see unreleased figures may look at a moment."), "as_of", 403)
    if _one(params, "release") not in ("", "live"):
        raise Unselectable(
            _("A release never changes, so it cannot be looked at as of a moment; leave out one of the two."),
            "as_of",
        )
    try:
        if not MOMENT.fullmatch(text):
            raise ValueError
        named = datetime.fromisoformat(text)
        moment = (named if named.tzinfo else named.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unselectable(
            _("“%(text)s” is not a moment; write it like 2026-01-20T00:00Z.") % {"text": text[:30]}, "as_of"
        ) from None
    if not operation.first_day <= moment.date() <= today:
        raise Unselectable(
            _("%(moment)s lies outside: choose a moment from %(first)s to %(last)s.")
            % {"moment": written(moment), "first": operation.first_day, "last": today},
            "as_of",
        )
    return moment


def _release(operation: Operation, text: str, person) -> Release | None:
    """The release named, the newest if none is named, None for the live view."""
    if text == "live":
        return None
    releases = operation.releases.published().select_related("operation")
    if not access.may_read_released(person):
        raise Unselectable(_("Sign in to read what is released."), "release", 403)
    if text == "":
        release = releases.order_by("-number").first()
        if release is None:
            raise Unselectable(_("%(name)s has no release yet.") % {"name": operation.label}, "release", 404)
        return release
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Unselectable(
            _("A release is a number or “live”, not “%(text)s”.") % {"text": text[:20]}, "release"
        )
    release = releases.filter(number=int(text)).first()
    if release is None:
        raise Unselectable(
            _("%(name)s has no release %(number)s.") % {"name": operation.label, "number": text},
            "release",
            404,
        )
    return release


def newest_live_month(operation: Operation, today: date) -> date:
    """The last month that has ended; in an operation's very first month, that month."""
    return max(operation.first_month, min(operation.last_month, months.previous(months.of(today))))


def _month(params, name: str, default: date, operation: Operation, newest: date) -> date:
    text = _one(params, name)
    if not text:
        return default
    try:
        month = months.read(text)
    except ValueError as problem:
        raise Unselectable(str(problem), name) from None
    if not operation.first_month <= month <= newest:
        raise Unselectable(
            _("%(month)s lies outside: the figures run from %(first)s to %(last)s.")
            % {
                "month": months.written(month),
                "first": months.written(operation.first_month),
                "last": months.written(newest),
            },
            name,
        )
    return month


def _known(params, name: str, things) -> tuple[str, ...]:
    """The codes given, in the catalogue's order and once each; Unselectable for one that is not there."""
    wanted = set(params.getlist(name)) - {""}
    if not wanted:
        return ()
    codes = list(dict.fromkeys(things.order_by("position", "code").values_list("code", flat=True)))
    if unknown := sorted(wanted - set(codes)):
        raise Unselectable(
            _("There is no %(name)s “%(code)s” here; known are: %(codes)s.")
            % {"name": name, "code": unknown[0][:40], "codes": ", ".join(codes)},
            name,
        )
    return tuple(code for code in codes if code in wanted)
