"""Filters that write numbers, months and days for a reader: the language's own order, always Latin digits."""

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, format_datetime, format_interval, format_skeleton
from django import template
from django.utils.timezone import localtime
from django.utils.translation import get_language, to_locale

from .. import numbers

register = template.Library()


def locale() -> str:
    """Babel's name of the reader's language."""
    return to_locale(get_language() or "en")


@register.filter
def figure(value: Decimal | None, decimals: int = 0) -> str:
    """Grouped, with all its decimals; nothing for no value."""
    return "" if value is None else numbers.grouped(Decimal(value), decimals, get_language() or "en")


@register.simple_tag
def separators() -> str:
    """The decimal and the grouping sign of `figure` for plotly.js; not every browser knows every language."""
    return numbers.grouped(Decimal("1111.1"), 1, get_language() or "en").replace("1", "")[::-1]


@register.filter
def month(value: date | None) -> str:
    """“March 2025” in the reader's language; Gregorian, whatever the country's calendar."""
    return "" if value is None else format_skeleton("yMMMM", value, locale=locale())


@register.filter
def month_short(value: date) -> str:
    """“Mar” in the reader's language."""
    # Not by its skeleton, which asks for names standing alone: Babel 2.18 gives those of a language asked before.
    return format_date(value, "MMM", locale=locale())


def span_short(first: date, last: date) -> str:
    """“Feb – Dec 2025” in the reader's language; one month where both are the same."""
    return format_interval(first, last, "yMMM", locale=locale())


@register.filter
def day(value: date | datetime | None) -> str:
    """“27 January 2026” in the reader's language, in UTC; English in the order of the Centre's texts."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = localtime(value).date()
    form = "d MMMM y" if locale() == "en" else "long"
    return format_date(value, form, locale=locale())


@register.filter
def moment(value: datetime | None) -> str:
    """Day and time of day, in UTC and saying so."""
    if value is None:
        return ""
    return f"{day(value)}, {format_datetime(localtime(value), 'HH:mm', locale='en')} UTC"
