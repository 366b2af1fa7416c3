"""A month is the date of its first day; it belongs to no time zone and is written 2025-03."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from django.utils.translation import gettext as _

WRITTEN = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def read(text: str) -> date:
    """The month written as `2025-03`; ValueError with a sentence for anything else."""
    found = WRITTEN.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
        raise ValueError(_("“%(text)s” is not a month; write it like 2025-03.") % {"text": text[:20]})
    year = int(found[1])
    if year >= 2400:
        raise ValueError(
            _("“%(text)s” looks like a Buddhist year; write the Gregorian month, %(year)s-%(month)s.")
            % {"text": text, "year": year - 543, "month": found[2]}
        )
    return date(year, int(found[2]), 1)


def written(month: date) -> str:
    return f"{month:%Y-%m}"


def of(day: date) -> date:
    """The month in which a day lies."""
    return day.replace(day=1)


def shift(month: date, by: int) -> date:
    """The month so many months later (earlier if negative)."""
    years, index = divmod(month.year * 12 + month.month - 1 + by, 12)
    return date(years, index + 1, 1)


def last_day(month: date) -> date:
    return shift(month, 1) - timedelta(days=1)


def previous(month: date) -> date:
    return shift(month, -1)


def span(first: date, last: date) -> Iterator[date]:
    """Every month from first to last, both included; nothing if last comes before first."""
    while first <= last:
        yield first
        first = shift(first, 1)


class MonthConverter:
    """`<month:month>` in addresses; what is not a month is not found."""

    regex = r"\d{4}-\d{2}"

    def to_python(self, value: str) -> date:
        return read(value)

    def to_url(self, value: date) -> str:
        return written(value)
