"""The change of a headline number against the same months of an earlier operation, where the two can be compared."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from .. import months, queries
from ..models import Agency, Indicator, Operation
from ..queries import Total
from ..selections import Selection
from ..templatetags.show import figure
from .tables import amount, receipt_url


@dataclass(frozen=True)
class Earlier:
    """The same months of an earlier operation, as released: its selection and totals by indicator.

    `must_be_labelled`: its figures are invented and those of the page, which would say so, are not.
    """

    selection: Selection
    totals: dict[str, Total]
    must_be_labelled: bool

    def change(self, total: Total, indicator: Indicator) -> dict | None:
        """{text, base, unit, href, on} of a number against the earlier one; None where either is not whole.

        A number that stands on fewer reports than the other would seem to have fallen.
        """
        before = self.totals.get(indicator.code)
        if before is None or None in (before.value, total.value):
            return None
        if not (before.is_complete and total.is_complete) or before.not_available or total.not_available:
            return None
        base, unit = amount(before.value, indicator)
        return {
            "text": moved(before.value, total.value),
            "base": base,
            "unit": unit,
            "href": receipt_url(self.selection, indicator.code),
            "on": self._label(),
        }

    def _label(self) -> str:
        years = {self.selection.first.year, self.selection.last.year}
        year = "–".join(str(one) for one in sorted(years))
        return _("%(year)s (demonstration)") % {"year": year} if self.must_be_labelled else year


def earlier(selection: Selection) -> Earlier | None:
    """The newest earlier operation with the same months of another year released, by the same agencies; None for none.

    For a release only what had been released by then counts, so that its page never changes.
    """
    operation = selection.operation
    released = queries.releases().filter(operation__first_day__lt=operation.first_day)
    if moment := selection.release.at if selection.release else selection.as_of:
        released = released.filter(at__lte=moment)
    newest = {}
    for release in released:
        newest.setdefault(release.operation_id, release)
    for release in newest.values():
        shift = _shift(selection, release)
        if shift and _agencies(release.operation) == _agencies(operation):
            found = selection.narrowed(
                operation=release.operation,
                release=release,
                as_of=None,
                first=months.shift(selection.first, shift),
                last=months.shift(selection.last, shift),
            )
            invented = release.operation.is_demonstration and not operation.is_demonstration
            return Earlier(found, {one.indicator: one for one in queries.totals(found)}, invented)
    return None


def moved(before: Decimal, now: Decimal) -> str:
    """“▲ 12.4%”: up or down, never good or bad; from 0 there is no percentage."""
    if before == now:
        return _("= unchanged")
    sign = "▲" if now > before else "▼"
    if not before:
        return sign
    percent = (abs(now - before) * 100 / before).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if not percent:
        return f"{sign} < {figure(Decimal('0.1'), 1)}%"
    return f"{sign} {figure(percent, 1)}%"


def _shift(selection: Selection, release) -> int:
    """By how many months the selection lies a whole number of years after months that the release covers as it does;
    0 where it does not."""
    for years in range(1, selection.first.year - release.operation.first_day.year + 1):
        span = months.span(selection.first, selection.last)
        pairs = [(one, months.shift(one, -12 * years)) for one in span]
        if all(
            release.operation.first_month <= then <= release.last_month
            and _covered(selection.operation, now) == _covered(release.operation, then)
            for now, then in pairs
        ):
            return -12 * years
    return 0


def _covered(operation: Operation, month) -> tuple[int, int]:
    """The first day of a month that an operation covers, and how many days before the month's end it stops."""
    last = months.last_day(month)
    return max(operation.first_day, month).day, (last - min(operation.last_day, last)).days


def _agencies(operation: Operation) -> set[str]:
    return set(Agency.objects.filter(operations=operation).values_list("code", flat=True))
