"""Reminders by mail: to whom, on which day, in which words; logged first, sent once, tried again."""

import io
from datetime import UTC, date, datetime, time, timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from stories import asked, corrected, fill, joint_operation, just_after, person, report, submitted, verified

from operations import actions, reminding
from operations.models import Message

pytestmark = pytest.mark.django_db

DUE = date(2024, 4, 10)  # of March 2024, before any operation of the catalogue


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://figures.example.org"
    settings.MAIL = {"EMAIL_HOST": "mail.example.org"}


@pytest.fixture
def march():
    operation = joint_operation(
        "JT-2024", "2024-03-01", "2024-03-31", ["TH-RTP"], ["drug-cases", "drugs-heroin"]
    )
    return report(operation, "TH-RTP", "2024-03")


@pytest.fixture
def officer():
    return with_address(person("officer", "TH-RTP"))


@pytest.fixture
def reviewer():
    return person("reviewer")  # without an address: no digest disturbs the counting


def with_address(somebody):
    somebody.email = f"{somebody.username}@example.org"
    somebody.save()
    return somebody


def run(day: date, *options, hour=8) -> str:
    """What `manage.py remind` says on a day; mail.outbox then has what it sent."""
    said = io.StringIO()
    call_command(
        "remind", "--at", f"{datetime.combine(day, time(hour)):%Y-%m-%dT%H:%M}", *options, stdout=said
    )
    return said.getvalue()


def days_written(first: date, last: date) -> list[str]:
    """On which days of a daily run somebody was written to, with the kind: “04-05 before”."""
    for offset in range((last - first).days + 1):
        run(first + timedelta(days=offset))
    return [f"{one.on:%m-%d} {one.kind}" for one in Message.objects.order_by("on", "id")]


# ----------------------------------------------------------------------------------------- on which day


def test_an_officer_hears_before_and_after_the_deadline(march, officer):
    assert days_written(date(2024, 4, 1), date(2024, 4, 17)) == [
        "04-05 before", "04-09 before", "04-13 overdue", "04-16 overdue"
    ]  # fmt: skip
    assert {one.to[0] for one in mail.outbox} == {"officer.th-rtp@example.org"}


def test_a_draft_is_reminded_like_an_empty_report(march, officer):
    fill(march, officer, drug_cases=5)
    run(date(2024, 4, 9))
    assert len(mail.outbox) == 1


def test_a_report_that_is_in_reminds_nobody(march, officer, reviewer):
    submitted(march, officer)
    assert days_written(date(2024, 4, 1), date(2024, 4, 20)) == []
    actions.verify(march, version=march.revisions.get().version, by=reviewer, at=just_after(march))
    actions.correct(march, reason_code="late", reason="A late file.", by=officer, at=just_after(march))
    assert days_written(date(2024, 4, 21), date(2024, 4, 25)) == []


def test_an_extension_moves_the_reminders(march, officer, reviewer):
    actions.extend(march, until=date(2024, 4, 20), reason="Flood.", by=reviewer, at=just_after(march))
    assert days_written(date(2024, 4, 8), date(2024, 4, 24)) == [
        "04-15 before",
        "04-19 before",
        "04-23 overdue",
    ]
    assert "20 April 2024" in mail.outbox[0].body


def test_a_month_that_closed_reminds_its_officer_no_more(march, officer):
    march.operation.closes_after = 4
    march.operation.save()
    assert days_written(date(2024, 4, 12), date(2024, 4, 20)) == ["04-12 overdue", "04-13 overdue"]


def test_a_month_that_has_not_begun_reminds_nobody(officer):
    joint_operation("JT-LATER", "2024-05-01", "2024-06-30", ["TH-RTP"], ["drug-cases"])
    assert days_written(date(2024, 4, 1), date(2024, 4, 30)) == []


def test_what_was_sent_back_is_reminded_after_two_days_and_not_as_overdue(march, officer, reviewer):
    revision = submitted(march, officer)
    at = datetime(2024, 4, 11, 9, tzinfo=UTC)
    actions.send_back(march, version=revision.version, by=reviewer, at=at, note="Heroin is 5 kg?")
    written = days_written(date(2024, 4, 11), date(2024, 4, 17))
    assert written == ["04-13 sent_back", "04-16 sent_back"]
    assert "It was due on 10 April 2024." in mail.outbox[0].body


def test_a_correction_that_was_sent_back_is_reminded_too(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=5)
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    draft = fill(march, officer, drug_cases=6)
    actions.submit(march, version=draft.version, by=officer, at=just_after(march))
    actions.send_back(march, version=draft.version, by=reviewer, at=just_after(march), note="Which digit?")
    assert days_written(date(2024, 4, 5), date(2024, 4, 8)) == ["04-07 sent_back"]


def test_a_question_is_reminded_near_its_day_and_after_it_until_it_is_answered(march, officer, reviewer):
    question = asked(submitted(march, officer), reviewer, days=7)  # until 12 April
    assert days_written(date(2024, 4, 5), date(2024, 4, 15)) == [
        "04-10 question", "04-13 question", "04-15 question"
    ]  # fmt: skip
    at = datetime(2024, 4, 15, 10, tzinfo=UTC)
    actions.answer(question, text="Counted again.", by=officer, at=at)
    assert len(days_written(date(2024, 4, 16), date(2024, 4, 20))) == 3


def test_questions_of_one_report_come_in_one_message_with_their_addresses(march, officer, reviewer):
    revision = submitted(march, officer)
    questions = [asked(revision, reviewer, code, days=2) for code in ("drug-cases", "drugs-heroin")]
    run(date(2024, 4, 5))
    [message] = mail.outbox
    for question in questions:
        assert (
            f"https://figures.example.org/reports/JT-2024/TH-RTP/2024-03/questions/{question.pk}/\n"
            in message.body
        )


def test_a_question_put_after_the_last_message_is_news(march, officer, reviewer):
    revision = submitted(march, officer)
    asked(revision, reviewer, "drug-cases", days=1)  # until 6 April
    run(date(2024, 4, 5))
    at = datetime(2024, 4, 6, 6, tzinfo=UTC)
    actions.ask(revision.report, "drugs-heroin", text="Kilograms?", due=date(2024, 4, 7), by=reviewer, at=at)
    run(date(2024, 4, 6))
    assert len(mail.outbox) == 2


def test_a_day_without_a_run_is_made_up_for(march, officer):
    run(date(2024, 4, 7))
    assert [one.kind for one in Message.objects.all()] == ["before"]
    run(date(2024, 4, 8))
    assert len(mail.outbox) == 1


def test_a_trial_of_a_day_to_come_takes_no_message_from_the_days_before_it(march, officer):
    run(date(2024, 4, 9))
    run(date(2024, 4, 5))
    assert [one.on.day for one in Message.objects.order_by("on")] == [5, 9]


# ---------------------------------------------------------------------------------------------- to whom


def test_only_officers_of_the_agency_with_an_address_who_are_active_hear(march, officer):
    gone = with_address(person("officer", "TH-RTP", "gone"))
    gone.is_active = False
    gone.save()
    for other in (("officer", "LA-MPS"), ("analyst",), ("official",), ("publisher",)):
        with_address(person(*other))
    analyst = with_address(person("analyst", "TH-RTP"))
    person("officer", "TH-RTP", "without")
    colleague = with_address(person("officer", "TH-RTP", "colleague"))
    run(date(2024, 4, 9))
    assert sorted(one.to[0] for one in mail.outbox) == [colleague.email, officer.email]
    assert analyst.email not in {one.to[0] for one in mail.outbox}
    assert Message.objects.count() == 2


def test_where_nobody_can_be_reminded_the_digest_says_so(march, reviewer):
    with_address(reviewer)
    run(date(2024, 4, 13))
    assert "no officer has an e-mail address (1)\n- Thailand · Royal Thai Police" in mail.outbox[0].body


def test_a_colleague_who_comes_later_hears_and_the_other_not_again(march, officer):
    run(date(2024, 4, 9))
    with_address(person("officer", "TH-RTP", "colleague"))
    run(date(2024, 4, 9))
    assert [one.to[0] for one in mail.outbox] == ["officer.th-rtp@example.org", "colleague@example.org"]


# ---------------------------------------------------------------------------------------- in which words


def test_a_message_has_the_month_the_day_and_the_way(march, officer):
    run(date(2024, 4, 9))
    [message] = mail.outbox
    assert message.subject == "March 2024, Royal Thai Police: due on 10 April 2024"
    assert "is due on 10 April 2024 and is not submitted yet" in message.body
    assert "https://figures.example.org/reports/JT-2024/TH-RTP/2024-03/\n" in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_no_message_carries_a_figure_a_note_or_the_text_of_a_question(officer, reviewer):
    with_address(reviewer)
    operation = joint_operation("JT", "2024-02-01", "2024-04-30", ["TH-RTP"], ["drug-cases", "drugs-heroin"])
    secret = {"drug_cases": 76543, "drugs_heroin": "8765.432"}
    fill(report(operation, "TH-RTP", "2024-02"), officer, **secret)
    revision = submitted(report(operation, "TH-RTP", "2024-03"), officer, **secret)
    actions.ask(revision.report, "drug-cases", text="Really 76543?", due=date(2024, 4, 6), by=reviewer,
                at=just_after(revision.report))  # fmt: skip
    april = submitted(report(operation, "TH-RTP", "2024-04"), officer, **secret)
    actions.send_back(april.report, version=april.version, by=reviewer, note="76543 again?",
                      at=just_after(april.report))  # fmt: skip
    days_written(date(2024, 4, 1), date(2024, 5, 20))
    assert {one.kind for one in Message.objects.all()} == {*Message.Kind.values}
    for message in mail.outbox:
        text = message.subject + message.body
        for told in ("76543", "76,543", "8765", "8,765", "Compared with the log book", "again?", "Really"):
            assert told not in text


def test_a_demonstration_says_what_it_is(march, officer):
    run(date(2024, 4, 9))
    assert "Demonstration" not in mail.outbox[0].body
    march.operation.is_demonstration = True
    march.operation.save()
    run(date(2024, 4, 13))
    assert "Demonstration: the reports are invented." in mail.outbox[1].body


def test_the_language_of_the_moment_does_not_matter(march, officer):
    from django.utils.translation import override

    with override("th"):
        [letter] = reminding.letters(date(2024, 4, 9))
    assert "Royal Thai Police" in letter.subject and "figures.example.org/reports/" in letter.body


# -------------------------------------------------------------------------------------------- the digest


def test_the_reviewers_get_one_digest_a_day_of_what_to_follow_up(officer, reviewer):
    with_address(reviewer)
    agencies = ["LA-MND", "LA-MPS", "TH-RTP"]
    operation = joint_operation("JT", "2024-03-01", "2024-03-31", agencies, ["drug-cases"])
    asked(submitted(report(operation, "TH-RTP", "2024-03"), officer), reviewer, days=1)
    run(date(2024, 4, 12))
    run(date(2024, 4, 12), hour=20)
    [digest] = [one for one in mail.outbox if one.to == [reviewer.email]]
    assert digest.subject == "Monthly reports, 12 April 2024: 2 overdue, 1 to decide, 1 unanswered"
    mps, mnd = digest.body.index("Laos · Public Security"), digest.body.index("National Defense")
    assert mps < mnd  # in the Centre's order
    assert "https://figures.example.org/review/JT/TH-RTP/2024-03/" in digest.body
    assert "answer until 6 April 2024" in digest.body


def test_without_anything_to_follow_up_there_is_no_digest(march, officer, reviewer):
    with_address(reviewer)
    run(date(2024, 4, 9))
    verified(march, officer, reviewer)
    corrected(march, officer, reviewer, drug_cases=6)
    run(date(2024, 4, 20))
    assert [one.to for one in mail.outbox] == [[officer.email]]


# --------------------------------------------------------------------------------- once, and tried again


def test_running_again_sends_nothing_twice(march, officer, reviewer):
    with_address(reviewer)
    run(DUE - timedelta(days=1))
    run(DUE - timedelta(days=1), hour=17)
    run(DUE + timedelta(days=3))
    before = len(mail.outbox)
    assert "0 messages sent, 0 failed." in run(DUE + timedelta(days=3), hour=17)
    assert len(mail.outbox) == before


def test_the_log_says_what_went_to_whom_and_when(march, officer):
    run(date(2024, 4, 9))
    message = Message.objects.get()
    assert (message.person, message.report, message.kind, message.to) == (
        officer,
        march,
        "before",
        officer.email,
    )
    assert (message.subject, message.body) == (mail.outbox[0].subject, mail.outbox[0].body)
    assert message.delivered_at == datetime(2024, 4, 9, 8, tzinfo=UTC)


def test_a_message_is_logged_before_it_goes(march, officer, monkeypatch):
    seen = []
    monkeypatch.setattr(
        reminding.EmailMessage, "send", lambda self: seen.append(Message.objects.get().delivered_at)
    )
    run(date(2024, 4, 9))
    assert seen == [None]


def failing(monkeypatch, problem):
    def send(self):
        raise problem

    monkeypatch.setattr(reminding.EmailMessage, "send", send)


def test_a_refused_message_is_logged_said_and_tried_again(march, officer, monkeypatch):
    refused = SMTPRecipientsRefused({"officer.th-rtp@example.org": (550, b"unknown")})
    with monkeypatch.context() as patch:
        failing(patch, refused)
        with pytest.raises(CommandError, match="the next run tries again"):
            run(date(2024, 4, 9))
    message = Message.objects.get()
    assert (message.delivered_at, "550" in message.failure) == (None, True)
    assert "had failed" in run(date(2024, 4, 9), hour=9)
    message.refresh_from_db()
    assert (message.delivered_at.hour, message.failure) == (9, "")
    assert len(mail.outbox) == 1


def test_a_message_refused_yesterday_is_written_anew_today(march, officer, monkeypatch):
    with monkeypatch.context() as patch:
        failing(patch, SMTPRecipientsRefused({}))
        with pytest.raises(CommandError):
            run(date(2024, 4, 9))
    run(date(2024, 4, 10))
    assert [(one.on.day, bool(one.delivered_at)) for one in Message.objects.order_by("on")] == [
        (9, False),
        (10, True),
    ]


def test_one_refusal_does_not_keep_the_others_from_theirs(march, officer, monkeypatch):
    with_address(person("officer", "TH-RTP", "colleague"))
    send = reminding.EmailMessage.send

    def first_refused(self):
        if self.to == [officer.email]:
            raise SMTPRecipientsRefused({})
        send(self)

    monkeypatch.setattr(reminding.EmailMessage, "send", first_refused)
    with pytest.raises(CommandError):
        run(date(2024, 4, 9))
    assert [one.to for one in mail.outbox] == [["colleague@example.org"]]


def test_where_the_mail_server_is_away_the_rest_waits(march, officer, monkeypatch):
    for name in ("second", "third"):
        with_address(person("officer", "TH-RTP", name))
    with monkeypatch.context() as patch:
        failing(patch, ConnectionRefusedError("refused"))
        with pytest.raises(CommandError, match="2 were not tried"):
            run(date(2024, 4, 9))
    assert Message.objects.get().failure == "refused"
    run(date(2024, 4, 9))
    assert len(mail.outbox) == 3


def test_a_run_that_died_is_seen_and_made_good(march, officer, monkeypatch):
    with monkeypatch.context() as patch:
        failing(patch, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            run(date(2024, 4, 9))
    assert Message.objects.get().delivered_at is None
    assert "1 message of these had failed, or been begun by a run that died." in run(date(2024, 4, 9))
    assert len(mail.outbox) == 1


def test_what_died_on_another_day_stays_in_the_log_as_unknown(march, officer, monkeypatch):
    with monkeypatch.context() as patch:
        failing(patch, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            run(date(2024, 4, 9))
    run(date(2024, 4, 12))
    old, new = Message.objects.order_by("on")
    assert "before it was known" in old.failure and new.delivered_at


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_send_nothing_twice(march, officer, monkeypatch):
    """The second begins while the first is at the mail server."""
    from threading import Thread

    send, sent, said = reminding.EmailMessage.send, [], []

    def slow(self):
        sent.append(self.to)
        if len(sent) == 1:
            other = Thread(target=second)
            other.start()
            other.join()
        send(self)

    def second():
        said.append(run(date(2024, 4, 9)))
        connection.close()

    monkeypatch.setattr(reminding.EmailMessage, "send", slow)
    run(date(2024, 4, 9))
    assert sent == [[officer.email]]
    assert said == ["0 messages sent, 0 failed.\n"]


def test_the_database_refuses_a_second_one_of_a_day(march, officer):
    run(date(2024, 4, 9))
    first = Message.objects.get()
    first.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save()


# ------------------------------------------------------------------------------------------- the command


def test_a_dry_run_shows_and_writes_nothing(march, officer):
    said = run(date(2024, 4, 9), "--dry-run")
    assert "officer.th-rtp@example.org  before the deadline  March 2024, Royal Thai Police" in said
    assert "Nothing was sent. 1 message would be." in said
    assert not mail.outbox and not Message.objects.exists()


@pytest.mark.parametrize(("missing", "value"), [("SITE_URL", ""), ("MAIL", {})])
def test_a_missing_setting_is_said_in_a_sentence(march, officer, settings, missing, value):
    setattr(settings, missing, value)
    with pytest.raises(
        CommandError, match="SITE_URL is not set" if missing == "SITE_URL" else "EMAIL_URL is not set"
    ):
        run(date(2024, 4, 9))
    assert not Message.objects.exists()


def test_a_moment_that_is_none_is_refused():
    with pytest.raises(CommandError, match="2026-03-05T08:00"):
        call_command("remind", "--at", "tomorrow")


def test_more_reports_and_officers_ask_the_database_no_more(officer, django_assert_num_queries):
    agencies = ["TH-RTP", "LA-MPS", "LA-MND", "KH-NP"]
    joint_operation("JT", "2024-01-01", "2024-04-30", agencies, ["drug-cases"])
    for agency in agencies:
        with_address(person("officer", agency))
    with django_assert_num_queries(4):
        assert len(reminding.reminders(date(2024, 4, 13))) == 12
