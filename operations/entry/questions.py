"""What the Centre asked about a report and what came of it, as rows ready for a template."""

from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import access, queries
from ..models import Answer, Question, Report, Revision
from ..templatetags import show


@dataclass(frozen=True)
class Row:
    """One question: where it is read or answered, whether its day has gone by, and the reply it has, if any."""

    question: Question
    href: str
    overdue: bool
    may_answer: bool
    reply: Answer | None

    @property
    def is_open(self) -> bool:
        return self.reply is None


def row(question: Question, user, today: date) -> Row:
    """Asks the database nothing where question, revision, report, agency, operation and answer came along."""
    report, reply = question.revision.report, getattr(question, "answer", None)
    address = [report.operation.code, report.agency.code, report.month, question.pk]
    return Row(
        question,
        reverse("entry:answer", args=address),
        overdue=reply is None and question.due < today,
        may_answer=reply is None and access.may_enter(user, report),
        reply=reply,
    )


def visible(report: Report, revision: Revision | None):
    """The questions about a report up to the newest revision that somebody sees, the newest first."""
    asked = Question.objects.filter(
        revision__report=report, revision__number__lte=revision.number if revision else 0
    )
    reports = "revision__report__operation", "revision__report__agency__country"
    return asked.select_related("by", "indicator__unit", "answer__by", *reports).order_by("-id")


def questions_of(report: Report, revision: Revision | None, user) -> list[Row]:
    """Rows of a report's questions: the open ones first, by their day, then the answered ones, the newest first."""
    rows = [row(question, user, timezone.localdate()) for question in visible(report, revision)]
    return sorted(rows, key=lambda one: (not one.is_open, one.question.due if one.is_open else date.max))


def thread(question: Question, upto: int) -> list[dict]:
    """All that was said about the figure of a question up to a revision, the oldest first: {word, text, who, at}."""
    words = {"note": _("Note"), "question": _("Question"), **dict(Answer.Kind.choices)}
    said = queries.thread(question.revision.report, upto, drafts=True).get(question.indicator.code, [])
    return [
        {
            "word": words[one.kind],
            "text": one.text,
            "who": one.by.label if one.by else _("somebody"),
            "at": one.at,
        }
        for one in said
    ]


def as_it_stands(field) -> str:
    """“34,567 cases”, or the mark in words, or nothing: the figure of a field of the sheet."""
    figure, indicator = field.figure, field.indicator
    if figure is None or figure.value is None:
        return field.saved.in_words if figure and figure.mark else ""
    return f"{show.figure(figure.value, indicator.decimals)} {indicator.unit.plural_label}"
