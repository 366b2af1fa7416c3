"""Why somebody cannot write in a report now, who can open it and when: beside the sheet, and as the answer 423."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from .. import months
from ..models import Report, Revision
from ..templatetags import show


@dataclass(frozen=True)
class Lock:
    """A sentence with the way forward; `until` is the day on which it opens by itself, None where nobody can say."""

    message: str
    until: date | None = None


def locked(report: Report, revision: Revision | None, may_enter: bool, today: date) -> Lock | None:
    """What keeps this person from writing in the report, whose newest revision is given; None where they can."""
    words = {"month": show.month(report.month), "agency": report.agency.label}
    if report.month > months.of(today):
        return Lock(_("%(month)s has not begun; its report opens on its first day.") % words, report.month)
    if not may_enter and revision is None:
        return Lock(_("%(agency)s has entered nothing yet for this month.") % words)
    if not may_enter:
        return Lock(_("You can read this report; only officers of %(agency)s change it.") % words)
    if revision and revision.is_submitted:
        return Lock(
            _(
                "This report is submitted. It stays as it is until the Centre verifies it or sends it back; "
                "if a figure is wrong, ask the Centre's reviewers to send it back."
            )
        )
    if revision and revision.is_verified:
        return Lock(
            _("This report is verified and its figures are frozen. To change one, open a correction.")
        )
    is_first = revision is None or revision.number == 1
    if is_first and report.closes and today > report.closes:
        return Lock(
            _("%(month)s closed on %(day)s. The Centre's reviewers can open it again by an extension.")
            % {**words, "day": show.day(report.closes)}
        )
    return None
