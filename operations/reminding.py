"""Reminders by mail: which are due today, in which words, and that nobody gets one twice; sent by `manage.py remind`.

In English, since an account does not say which language its reader knows. No message carries a figure, a note or
the text of a question: whoever reads the mail on its way learns nothing but dates.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import override

from . import access, months, queries
from .models import Message, Person, Question, Report, Revision

# Days of reminding, counted from the day until which something is wanted, and then every so many days after it.
DEADLINE = (-5, -1)
QUESTION = (-2, 1)
SENT_BACK = 2  # after the day on which it was sent back
AGAIN_EVERY = 3

Kind = Message.Kind
BY_DEADLINE = (
    Kind.BEFORE,
    Kind.OVERDUE,
)  # one row of reminders: who had the one needs the other only at its day


@dataclass(frozen=True)
class Reminder:
    """What a report's officers are to hear: of which kind, since which day it is due, and whom it has yet to reach.

    `reached` is True where some officer has been written to; with nobody left and nobody reached, the agency has
    no officer with an address.
    """

    report: Report
    kind: str
    since: date
    questions: tuple[Question, ...] = ()
    people: tuple[Person, ...] = ()
    reached: bool = False

    @property
    def is_due(self) -> bool:
        return bool(self.people) or not self.reached


@dataclass(frozen=True)
class Letter:
    """One message as it goes out; `report` is None in the digest."""

    person: Person
    report: Report | None
    kind: str
    subject: str
    body: str


@dataclass
class Outcome:
    """What a run did: letters sent, letters that failed with the reason, how many of them an earlier run had begun,
    and how many were left for the next run because no mail could be sent at all."""

    sent: list[Letter] = field(default_factory=list)
    failed: list[tuple[Letter, str]] = field(default_factory=list)
    begun_before: int = 0
    left: int = 0


# ------------------------------------------------------------------------------------------ what is due


def reminders(today: date) -> list[Reminder]:
    """The reminders that stand today and have not reached everybody yet, an operation and a month at a time.

    A report gets one for its deadline while its first revision is awaited, until it closes; sent back, one for that
    instead; and one for all its open questions that are near their day or past it.
    """
    wanted = [*_by_report(today), *_by_question(today)]
    wanted.sort(key=lambda one: (one.report.operation.code, one.report.month, one.report.agency.position))
    officers, told = _officers(), _told(wanted, today)
    return [one for one in (_addressed(reminder, officers, told) for reminder in wanted) if one.is_due]


def awaited(today: date):
    """Reports whose month has begun and which nobody has handed in, or which came back; the oldest month first."""
    reports = Report.objects.filter(month__lte=months.of(today)).with_latest()
    open_ones = reports.filter(Q(latest_state=None) | Q(latest_state=Revision.State.DRAFT))
    return open_ones.select_related("operation", "agency__country").order_by(
        "operation__first_day", "operation__code", "month", "agency__position"
    )


def _by_report(today: date) -> Iterable[Reminder]:
    for report in awaited(today):
        if report.closes and today > report.closes and not report.has_verified:
            continue  # its officer can do nothing; the digest still names it
        if report.standing == "sent_back":
            first = report.last_step_at.date() + timedelta(days=SENT_BACK)
            if since := _reminding_day(first, (0,), today):
                yield Reminder(report, Kind.SENT_BACK, since)
            # Who has just heard what to mend is not told that it is late.
            if since or report.is_overdue(today):
                continue
        if report.has_verified:  # a correction has no deadline
            continue
        since = _reminding_day(report.due, DEADLINE, today)
        if since and report.is_overdue(today):
            yield Reminder(report, Kind.OVERDUE, since)
        elif since:
            yield Reminder(report, Kind.BEFORE, since)


def _by_question(today: date) -> Iterable[Reminder]:
    near: dict[Report, list[tuple[date, Question]]] = {}
    for question in _open_questions():
        if since := _reminding_day(question.due, QUESTION, today):
            # One that was asked after its reminding day is news all the same.
            since = max(since, question.at.date())
            near.setdefault(question.revision.report, []).append((since, question))
    for report, asked in near.items():
        yield Reminder(
            report, Kind.QUESTION, max(since for since, _ in asked), tuple(question for _, question in asked)
        )


def _open_questions():
    reports = "revision__report__operation", "revision__report__agency__country"
    return Question.objects.open().select_related("by", "indicator", *reports).order_by("due", "id")


def _reminding_day(day: date, offsets: Iterable[int], today: date) -> date | None:
    """The newest reminding day up to today, at an offset from the day or every AGAIN_EVERY days after it.

    What was missed on it is made up for by the next run; None before the first one.
    """
    days = [day + timedelta(days=offset) for offset in offsets]
    if (gone := (today - day).days // AGAIN_EVERY) > 0:
        days.append(day + timedelta(days=gone * AGAIN_EVERY))
    return max((one for one in days if one <= today), default=None)


def _officers() -> dict[int, list[Person]]:
    """By agency those who enter its figures and have an address."""
    found: dict[int, list[Person]] = {}
    people = Person.objects.with_perm(access.ENTER, include_superusers=False)
    for person in people.filter(agency__isnull=False).exclude(email="").order_by("pk").distinct():
        found.setdefault(person.agency_id, []).append(person)
    return found


def _told(wanted: list[Reminder], today: date) -> dict[tuple, date]:
    """By (person, report, row of reminders) the day of the newest message that was delivered."""
    first = min((one.since for one in wanted), default=today)
    said = Message.objects.filter(delivered_at__isnull=False, on__range=(first, today), report__isnull=False)
    return {
        (person, report, _row(kind)): on
        for person, report, kind, on in said.order_by("on").values_list("person", "report", "kind", "on")
    }


def _row(kind: str) -> str:
    return Kind.BEFORE if kind in BY_DEADLINE else kind


def _addressed(one: Reminder, officers: dict[int, list[Person]], told: dict[tuple, date]) -> Reminder:
    its = officers.get(one.report.agency_id, [])
    key = one.report.pk, _row(one.kind)
    people = tuple(person for person in its if told.get((person.pk, *key), date.min) < one.since)
    return Reminder(one.report, one.kind, one.since, one.questions, people, reached=len(people) < len(its))


# -------------------------------------------------------------------------------------- the messages


def letters(today: date) -> list[Letter]:
    """All that is to be sent today and has not been delivered: to officers, then the digest to the reviewers."""
    with override(settings.LANGUAGE_CODE):
        due = reminders(today)
        found = [
            Letter(person, one.report, one.kind, _subject(one), _body(one, today))
            for one in due
            for person in one.people
        ]
        return found + _digests(today, due)


def _subject(one: Reminder) -> str:
    what = {
        Kind.BEFORE: f"due on {_day(one.report.due)}",
        Kind.OVERDUE: f"overdue since {_day(one.report.due)}",
        Kind.SENT_BACK: "sent back by the Centre",
        Kind.QUESTION: "a question of the Centre" if len(one.questions) == 1 else "questions of the Centre",
    }[one.kind]
    return _one_line(f"{_month(one.report)}, {one.report.agency.label}: {what}")


def _body(one: Reminder, today: date) -> str:
    report = one.report
    its = f"The report of {report.agency.label} for {_month(report)} ({report.operation.label})"
    longer = "If you need longer, ask the Centre's reviewers for an extension before that day."
    if one.kind == Kind.BEFORE:
        said = [f"{its} is due on {_day(report.due)} and is not submitted yet.", _here(report), longer]
    elif one.kind == Kind.OVERDUE:
        said = [f"{its} was due on {_day(report.due)} and is not submitted yet.", _here(report)]
        if report.closes:
            said.append(f"It can be submitted until {_day(report.closes)}.")
        said.append(
            "If figures are missing, submit them as “not available” with the reason, or ask for an extension."
        )
    elif one.kind == Kind.SENT_BACK:
        sent_back = _day(report.last_step_at.date())
        said = [f"{its} was sent back by the Centre on {sent_back} and is not submitted again yet."]
        said += ["The reason stands on its page:\n" + _address(report.get_absolute_url())]
        if report.is_overdue(today):
            said.append(f"It was due on {_day(report.due)}.")
    else:
        said = [f"The Centre asks about the report of {report.agency.label} for {_month(report)}:"]
        said += [_asked(question, today) for question in one.questions]
    return _written(said, [report])


def _asked(question: Question, today: date) -> str:
    report = question.revision.report
    address = reverse(
        "entry:answer", args=[report.operation.code, report.agency.code, report.month, question.pk]
    )
    gone = " (this day has gone by)" if question.due < today else ""
    until = f"answer until {_day(question.due)}{gone}"
    return f"{question.indicator.label}: {until}\n{_address(address)}"


def _digests(today: date, due: list[Reminder]) -> list[Letter]:
    """One message to each reviewer who has not had today's; none where nothing is overdue, waits or is unanswered."""
    overdue = [report for report in awaited(today) if report.is_overdue(today)]
    waiting = list(queries.queue(Revision.objects.all()))
    late = [question for question in _open_questions() if question.due < today]
    if not overdue and not waiting and not late:
        return []
    said = ["What the Centre has to follow up today."]
    said.append(_listed("Overdue", [f"{_which(report)}: due {_day(report.due)}" for report in overdue]))
    review = [(one.report, reverse("review:report", args=_key(one.report))) for one in waiting]
    said.append(
        _listed("Waiting for a decision", [f"{_which(one)}\n  {_address(link)}" for one, link in review])
    )
    unanswered = [
        f"{_which(one.revision.report)}, {one.indicator.label}: answer until {_day(one.due)}, asked by {one.by.label}"
        for one in late
    ]
    said.append(_listed("Questions past their day", unanswered))
    nobody = {one.report.agency.in_short for one in due if not one.people and not one.reached}
    said.append(_listed("Nobody to remind: no officer has an e-mail address", sorted(nobody)))
    said.append("All months:\n" + _address(reverse("entry:reports")))
    concerned = [*overdue, *(one.report for one in waiting), *(one.revision.report for one in late)]
    counts = [(len(overdue), "overdue"), (len(waiting), "to decide"), (len(late), "unanswered")]
    subject = f"Monthly reports, {_day(today)}: " + ", ".join(f"{n} {what}" for n, what in counts if n)
    told = Message.objects.filter(kind=Kind.DIGEST, on=today, delivered_at__isnull=False).values("person")
    reviewers = Person.objects.with_perm(access.REVIEW, include_superusers=False).exclude(email="")
    body = _written([one for one in said if one], concerned)
    return [
        Letter(person, None, Kind.DIGEST, subject, body)
        for person in reviewers.exclude(pk__in=told).order_by("pk").distinct()
    ]


def _one_line(subject: str) -> str:
    return " ".join(subject.split())[:200]


def _written(paragraphs: list[str], reports: Iterable[Report]) -> str:
    """The text of a message: its paragraphs, and what every message says at its end."""
    end = "This message was written by the reporting site; an answer to it is not read."
    if any(report.operation.is_demonstration for report in reports):
        end += " Demonstration: the reports are invented."
    return "\n\n".join([*paragraphs, "-- \n" + end]) + "\n"


def _here(report: Report) -> str:
    return "Enter and submit it here:\n" + _address(report.get_absolute_url())


def _listed(heading: str, lines: list[str]) -> str:
    return "\n".join([f"{heading} ({len(lines)})", *(f"- {line}" for line in lines)]) if lines else ""


def _which(report: Report) -> str:
    return f"{report.operation.code}, {_month(report)}, {report.agency.in_short}"


def _key(report: Report) -> list:
    return [report.operation.code, report.agency.code, report.month]


def _address(path: str) -> str:
    return settings.SITE_URL + path


def _month(report: Report) -> str:
    return f"{report.month:%B %Y}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


# ---------------------------------------------------------------------------------------- sending them


def send(found: list[Letter], at: datetime) -> Outcome:
    """Send the letters, each logged before it goes out and marked when it has gone.

    A run that dies in between leaves a message begun; the next run sends it once more. Two runs at once send
    nothing twice. Where no mail can be sent at all, the first failure is logged and the others are left.
    """
    outcome = Outcome()
    Message.objects.filter(delivered_at=None, failure="", on__lt=at.date()).update(
        failure="The run ended before it was known whether this arrived."
    )
    for index, letter in enumerate(found):
        message, is_new = _logged(letter, at)
        try:
            failure = _delivered(message, letter, at)
        except OSError as problem:
            _note(message, failure=str(problem))
            outcome.failed.append((letter, str(problem)))
            outcome.left = len(found) - index - 1
            return outcome
        if failure is None:
            continue
        outcome.begun_before += not is_new
        if failure:
            outcome.failed.append((letter, failure))
        else:
            outcome.sent.append(letter)
    return outcome


def _logged(letter: Letter, at: datetime) -> tuple[Message, bool]:
    """The letter's row in the log, and whether it is new."""
    return Message.objects.get_or_create(
        person=letter.person,
        report=letter.report,
        kind=letter.kind,
        on=at.date(),
        defaults={"to": letter.person.email, "subject": letter.subject, "body": letter.body, "at": at},
    )


def _delivered(message: Message, letter: Letter, at: datetime) -> str | None:
    """Send one message: "" when it has gone, the failure if it was refused, None if another run has it in hand.

    OSError where the mail server cannot be reached.
    """
    with transaction.atomic():
        open_ones = Message.objects.select_for_update(skip_locked=True).filter(delivered_at=None)
        if open_ones.filter(pk=message.pk).first() is None:
            return None
        failure = _mailed(message.pk, letter)
        _note(message, to=letter.person.email, subject=letter.subject, body=letter.body, failure=failure)
        if not failure:
            _note(message, delivered_at=at)
        return failure


def _mailed(number: int, letter: Letter) -> str:
    """Hand a letter to the mail server: "" or why it did not take it."""
    mail = EmailMessage(
        letter.subject,
        letter.body,
        to=[letter.person.email],
        # The same number at a second try, so that a mail programme can see that it has this one already.
        headers={
            "Auto-Submitted": "auto-generated",
            "Message-ID": f"<reminder-{number}@{urlsplit(settings.SITE_URL).hostname}>",
        },
    )
    try:
        mail.send()
    except (SMTPException, ValueError) as problem:  # ValueError: no address at all
        return " ".join(str(problem).split())[:500] or type(problem).__name__
    return ""


def _note(message: Message, **known) -> None:
    if "failure" in known:
        known["failure"] = known["failure"][:500]
    Message.objects.filter(pk=message.pk).update(**known)
