"""manage.py remind: write to officers before and after their deadlines, and a digest to the Centre's reviewers."""

from datetime import UTC, datetime

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from operations import reminding
from operations.models import Message


class Command(BaseCommand):
    help = """\
Send the reminders that are due today, for cron: once or several times a day, nobody gets one twice.
Needs SITE_URL, with which the links begin, and EMAIL_URL; the demonstration writes into var/mail/."""

    def add_arguments(self, parser):
        parser.add_argument("--at", metavar="YYYY-MM-DDTHH:MM", help="as if it were then, in UTC; for trials")
        parser.add_argument("--dry-run", action="store_true", help="send and log nothing, show what would go")

    def handle(self, *, at, dry_run, **options):
        if not settings.SITE_URL:
            raise CommandError(
                "SITE_URL is not set: give the address of this site, such as https://figures.example.org; "
                "the reminders carry links."
            )
        at = _moment(at) if at else timezone.now()
        letters = reminding.letters(at.date())
        if dry_run:
            for letter in letters:
                self.stdout.write(_line("would go", letter))
            self.stdout.write(f"Nothing was sent. {_messages(len(letters))} would be.")
            return
        if not settings.MAIL:
            raise CommandError(
                "EMAIL_URL is not set: give the mail server, such as smtp+tls://user:password@host:587."
            )
        outcome = reminding.send(letters, at)
        for letter in outcome.sent:
            self.stdout.write(_line("sent", letter))
        for letter, failure in outcome.failed:
            self.stdout.write(_line(f"failed: {failure}", letter))
        if outcome.begun_before:
            self.stdout.write(
                f"{_messages(outcome.begun_before)} of these had failed, or been begun by a run that died."
            )
        self.stdout.write(f"{_messages(len(outcome.sent))} sent, {len(outcome.failed)} failed.")
        if outcome.failed:
            left = f", and {outcome.left} were not tried" if outcome.left else ""
            raise CommandError(f"Not all could be sent{left}; the next run tries again.")


def _line(what: str, letter: reminding.Letter) -> str:
    return f"{letter.person.email}  {Message.Kind(letter.kind).label}  {letter.subject}  ({what})"


def _messages(count: int) -> str:
    return f"{count} message" if count == 1 else f"{count} messages"


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"--at takes a moment like 2026-03-05T08:00, not “{text[:30]}”.") from None
