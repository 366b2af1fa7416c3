"""Who may, and which may they: every rule about people and rights, from the table in the product's papers."""

from django.conf import settings
from django.db.models import Q

from .models import Country, Operation, Report, Revision

ENTER = "operations.enter_figures"
REVIEW = "operations.review_reports"
COVERAGE = "operations.see_coverage"
RELEASE = "operations.release_operations"
READ = "operations.read_released"
DOWNLOAD = "operations.download_released"


def is_officer(person) -> bool:
    return person.is_authenticated and person.agency_id is not None and person.has_perm(ENTER)


def may_enter(person, report: Report) -> bool:
    """Enter, submit and correct: officers, for their own agency and no other."""
    return is_officer(person) and person.agency_id == report.agency_id


def may_see_drafts(person, report: Report) -> bool:
    """What is not handed in yet, and what was typed on the way: the officers of the country, nobody else."""
    return is_officer(person) and person.agency.country_id == report.agency.country_id


def may_review(person) -> bool:
    return person.has_perm(REVIEW)


def may_extend(person) -> bool:
    """Give an agency longer for a month."""
    return may_review(person)


def may_ask(person) -> bool:
    """Put a question about a figure to its officer, and withdraw it."""
    return may_review(person)


def may_release(person) -> bool:
    return person.has_perm(RELEASE)


def may_read_released(person) -> bool:
    return settings.PUBLIC_RESULTS or person.has_perm(READ)


def may_download(person) -> bool:
    """Files of what is released; where the site publishes openly, everyone who does not sign in may too."""
    return person.has_perm(DOWNLOAD) or (settings.PUBLIC_RESULTS and person.is_anonymous)


def may_see_coverage(person) -> bool:
    """Which reports are in and which are not, of what is not yet released."""
    return person.has_perm(COVERAGE) or may_review(person) or may_release(person)


def live_countries(person) -> list[str]:
    """Codes of the countries whose verified but unreleased figures this person may see; empty for none."""
    if may_review(person) or may_release(person):
        return list(Country.objects.values_list("code", flat=True))
    if is_officer(person):
        return [person.agency.country.code]
    return []


def may_see_live(person, operation: Operation) -> bool:
    """All that is verified of an operation, released or not."""
    countries = set(operation.agencies.values_list("country__code", flat=True))
    return bool(countries) and countries <= set(live_countries(person))


def reports_for(person):
    """The reports whose existence and state this person may see; somebody else's are not found."""
    if may_review(person) or may_release(person):
        return Report.objects.all()
    if is_officer(person):
        return Report.objects.filter(agency__country=person.agency.country_id)
    return Report.objects.none()


def revisions_for(person):
    """The revisions whose figures this person may see: officers their country's, reviewers what was submitted,
    publishers what was verified."""
    states = Q(pk__in=[])
    if is_officer(person):
        states |= Q(report__agency__country=person.agency.country_id)
    if may_review(person):
        states |= Q(state__in=[Revision.State.SUBMITTED, Revision.State.VERIFIED])
    if may_release(person):
        states |= Q(state=Revision.State.VERIFIED)
    return Revision.objects.filter(states)
