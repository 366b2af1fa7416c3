"""manage.py import_figures: load a CSV file of figures, all or nothing."""

from argparse import RawDescriptionHelpFormatter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from operations import importing
from operations.layouts import FileRefused, Layout
from operations.models import Person
from operations.profiles import read_profile


class Command(BaseCommand):
    help = """\
Load a CSV file of figures: columns agency,month,indicator,value,unit,note (and mark: L or M), or,
with --profile, a foreign layout described in fixtures/profiles.

All or nothing: if any row is refused, nothing is written and every refused row is listed.

--by names who enters. An officer loads the own agency's rows. The Centre loads several agencies' history with
--as-officers: each agency's figures are then saved in the name of the account import.<agency>, made when missing,
with which nobody can sign in. --by is noted with the submission, and cannot be the one who verifies.

What is odd is listed at the end. It is judged against months handed in, so add --submit to see all of it,
with --dry-run to see it beforehand."""

    def create_parser(self, *args, **kwargs):
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--operation", metavar="CODE", help="the profile's own, if it has one")
        parser.add_argument("--by", metavar="USERNAME", required=True, help="who enters")
        parser.add_argument(
            "--profile", metavar="NAME", help="in fixtures/profiles, or the path of a .toml file"
        )
        parser.add_argument(
            "--as-officers", action="store_true", help="save in the name of each agency's account"
        )
        parser.add_argument("--submit", action="store_true", help="submit the reports")
        parser.add_argument(
            "--verified-by", metavar="USERNAME", help="verify the submitted reports as this reviewer"
        )
        parser.add_argument("--skip-refused", action="store_true", help="write the other rows and reports")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, show what would happen")

    def handle(self, *, file, operation, by, profile, verified_by, **wanted):
        try:
            layout = read_profile(profile) if profile else Layout()
            code = operation or (profile and layout.operation and layout.operation["code"])
            if not code:
                raise CommandError(_("Name the operation with --operation."))
            order = importing.Order(
                by=_person(by),
                at=timezone.now(),
                source=file.name,
                verified_by=_person(verified_by) if verified_by else None,
                **{name: wanted[name] for name in ("as_officers", "submit", "skip_refused", "dry_run")},
            )
            outcome = importing.load(file.read_bytes(), layout, code, order)
        except FileRefused as problem:
            raise CommandError(str(problem)) from None
        except OSError as problem:
            raise CommandError(
                _("%(file)s cannot be read: %(problem)s.") % {"file": file, "problem": problem.strerror}
            ) from None
        self._tell(outcome)
        if profile and layout.acknowledgement:
            self.stdout.write(layout.acknowledgement)
        if outcome.is_stopped:
            raise CommandError(
                _("Nothing was written. Correct the file, or add --skip-refused to load the rest.")
            )

    def _tell(self, outcome):
        listed = [
            (_("Odd, please look:"), [f"{report}: {finding.message}" for report, finding in outcome.odd]),
            (_("Not submitted:"), outcome.not_submitted),
            (_("Refused rows:"), outcome.refused),
        ]
        for title, lines in listed:
            if lines:
                self.stdout.write(title)
                self.stdout.write("\n".join(f"  {line}" for line in lines))
        counts = {
            "operation": outcome.operation.code,
            "rows": outcome.rows,
            "refused": len(outcome.refused),
            "reports": outcome.reports,
            "new": outcome.new,
            "changed": outcome.changed,
            "unchanged": outcome.unchanged,
            "submitted": outcome.submitted,
            "verified": outcome.verified,
        }
        self.stdout.write(_("%(operation)s: %(rows)s rows, %(refused)s of them refused.") % counts)
        if outcome.is_written:
            sentence = _(
                "%(reports)s reports: %(new)s figures new, %(changed)s changed, %(unchanged)s unchanged; "
                "%(submitted)s reports submitted, %(verified)s verified."
            )
        else:
            sentence = _(
                "Nothing was written. It would be %(reports)s reports: %(new)s figures new, %(changed)s changed, "
                "%(unchanged)s unchanged; %(submitted)s reports submitted, %(verified)s verified."
            )
        self.stdout.write(sentence % counts)


def _person(username: str) -> Person:
    person = Person.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise FileRefused(_("There is no active account “%(name)s”.") % {"name": username})
    return person
