"""The comparison as rows, ready for a template: nothing is decided here, only arranged."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from statistics import median

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import checks, numbers, queries
from ..models import Answer, Figure, Indicator, Mark, Question, Revision
from ..templatetags import show
from .forms import Ask, Withdrawal, default_due

UNLIKE = 2  # so many times last month's figure, or so small a part of it, is worth a look though not odd


@dataclass
class Said:
    """A note, a question or an answer: what it is in a word, and who said it when."""

    word: str
    text: str
    who: str
    at: datetime


@dataclass
class Row:
    """One indicator compared. A cell is {text, why} as in _cell.html; `difference` is against last month.

    `question` is the one still open; then `withdrawal` is the form to close it, else `ask` the one to put one.
    """

    indicator: Indicator
    now: dict
    before: dict
    last_month: dict
    usual: dict
    difference: str
    is_total: bool = False
    is_changed: bool = False
    is_unlike: bool = False
    figure: Figure | None = None
    findings: Iterable[checks.Finding] = ()
    said: list[Said] = field(default_factory=list)
    question: Question | None = None
    ask: Ask | None = None
    withdrawal: Withdrawal | None = None

    @property
    def reported(self) -> str:
        """“4,583,333 tablets” where another unit than the indicator's was reported, else empty."""
        if self.figure is None or self.figure.factor is None:
            return ""
        decimals = max(0, -self.figure.quantity.normalize().as_tuple().exponent)
        return f"{show.figure(self.figure.quantity, decimals)} {self.figure.unit.plural_label}"

    @property
    def is_odd(self) -> bool:
        """Whether the keys for the next odd row stop here."""
        return bool(self.findings) or self.is_changed or self.question is not None

    @property
    def is_noteworthy(self) -> bool:
        """Whether the row stays when only what differs or is odd is shown; one with a form half done always does."""
        forms = [form for form in (self.ask, self.withdrawal) if form and form.is_bound]
        return self.is_odd or self.is_unlike or bool(self.said) or bool(forms)

    @property
    def state(self) -> str:
        names = {
            "parent": self.is_total,
            "is-changed": self.is_changed,
            "is-warn": bool(self.findings),
            "is-asked": self.question is not None,
        }
        return " ".join(name for name, holds in names.items() if holds)


def comparison(
    revision: Revision, before: dict, today: date, ask=None, withdrawal=None, *, may_ask: bool
) -> list[Row]:
    """What is handed in beside what was seen `before`, last month and the usual; `ask` and `withdrawal` are forms
    that came back with an error, and stand in their rows again."""
    report = revision.report
    leaves = queries.leaves(report.operation)
    now = queries.entries(revision)
    earlier = queries.earlier_entries(report)
    last_month = earlier[0] if earlier else {}
    found = queries.findings_among(leaves, now, earlier)
    figures = {one.indicator_id: one for one in revision.figures.select_related("unit", "factor__unit")}
    said = queries.thread(report, revision.number, drafts=False)
    questions = Question.objects.open().filter(revision__report=report, revision__number__lte=revision.number)
    open_ones = {one.indicator_id: one for one in questions.select_related("by")}
    due = default_due(today, report.due)
    rows = []
    for indicator, parts in queries.in_order(leaves):
        codes = parts or [indicator.code]
        value, last = queries.sum_of(now, codes), queries.sum_of(last_month, codes)
        past = [one for month in earlier if (one := queries.sum_of(month, codes)) is not None]
        row = Row(
            indicator,
            now=_cell(indicator, value, now, codes),
            before=_cell(indicator, queries.sum_of(before, codes), before, codes),
            last_month=_cell(indicator, last, last_month, codes),
            usual=_cell(indicator, median(past) if past else None, {}, codes),
            difference=_difference(indicator, value, last),
            is_total=bool(parts),
            is_changed=bool(before) and any(_value(now, code) != _value(before, code) for code in codes),
            is_unlike=bool(last_month) and _is_unlike(value, last),
        )
        if not parts:
            row.figure = figures.get(indicator.pk)
            row.findings = [one for one in found if one.indicator == indicator.code]
            note = now.get(indicator.code, checks.EMPTY).note
            row.said = [_said(one, note) for one in said.get(indicator.code, [])]
            row.question = open_ones.get(indicator.pk)
            if row.question:
                row.withdrawal = _withdrawal(row.question, withdrawal)
            elif may_ask:
                row.ask = _ask(indicator.code, ask, today, due)
        rows.append(row)
    return rows


def by_area(rows: Iterable[Row]) -> list[dict]:
    """Rows by focus area: {area, rows}."""
    return [
        {"area": area, "rows": list(group)} for area, group in groupby(rows, lambda row: row.indicator.area)
    ]


def largest_difference(leaves: Iterable[Indicator], now: dict, last_month: dict) -> str:
    """“Drugs, Heroin: 12.500 kg, +10.000 (+400.0%)”: what moved most since last month; empty for nothing."""

    def moved(leaf):
        value, last = (queries.sum_of(month, [leaf.code]) for month in (now, last_month))
        return abs(value - last) / last if last and value is not None else Decimal(0)

    leaf = max(leaves, key=moved, default=None)
    if leaf is None or not moved(leaf):
        return ""
    value, last = now[leaf.code].value, last_month[leaf.code].value
    figure = f"{show.figure(value, leaf.decimals)} {leaf.unit.plural_label}"
    return f"{leaf.area.label}, {leaf.short_label}: {figure}, {_difference(leaf, value, last)}"


def _ask(code: str, given: Ask | None, today: date, due: date) -> Ask:
    if given is not None and given.data.get("indicator") == code:
        return given
    return Ask(today=today, auto_id=f"ask-{code}-%s", initial={"due": due})


def _withdrawal(question: Question, given: Withdrawal | None) -> Withdrawal:
    if given is not None and given.data.get("question") == str(question.pk):
        return given
    return Withdrawal(auto_id=f"withdraw-{question.pk}-%s")


def _said(remark: queries.Remark, note: str) -> Said:
    """`note` is what stands beside the figure now; another one is told apart from it."""
    words = {"note": _("Reason"), "question": _("Question"), **dict(Answer.Kind.choices)}
    word = words[remark.kind] if remark.kind != "note" or remark.text == note else _("Earlier reason")
    return Said(word, remark.text, remark.by.label if remark.by else _("somebody"), remark.at)


def _value(entries: dict, code: str) -> tuple:
    entry = entries.get(code, checks.EMPTY)
    return entry.value, entry.mark or None


def _is_unlike(value: Decimal | None, last: Decimal | None) -> bool:
    """Whether a figure is far from last month's, or one of the two is none."""
    if value is None or last is None:
        return value is not last
    return value != last and (value >= UNLIKE * last or UNLIKE * value <= last)


def _cell(indicator: Indicator, value: Decimal | None, entries: dict, codes: list[str]) -> dict:
    """The figure in words; a total whose parts are not all known is “at least”."""
    parts = [entries[code] for code in codes if code in entries]
    known = [part.value is not None or part.mark == checks.NOT_APPLICABLE for part in parts]
    mark = entries.get(codes[0], checks.EMPTY).mark if len(codes) == 1 else None
    why = Mark(mark).label if mark else ""
    partial = len(codes) > 1 and not all(known)
    return {"text": show.figure(value, indicator.decimals), "why": why, "mark": mark, "partial": partial}


def _difference(indicator: Indicator, value: Decimal | None, last: Decimal | None) -> str:
    """“+784.350 (+186.8%)” against last month; empty where there is nothing to compare."""
    if value is None or last is None:
        return ""
    change = value - last
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    text = sign + show.figure(abs(change), indicator.decimals)
    if not last or not change:
        return text
    share = numbers.grouped(abs(change) * 100 / last, 1, get_language() or "en")
    return f"{text} ({sign}{share}%)"
