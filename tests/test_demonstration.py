"""The demonstration: made by a rule, adding up to what was published, showing each state, labelled everywhere."""

import gzip
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, override_settings

from operations import access, checks, demonstration, months, queries
from operations.management.commands import load_demonstration
from operations.models import (
    Answer,
    Extension,
    Figure,
    Mark,
    Operation,
    Person,
    Question,
    Release,
    Report,
    Revision,
    Step,
)
from operations.selections import Selection

# The summary meeting of 27 January 2026.
PUBLISHED = {
    "scam-cases": 8012,
    "scam-suspects": 14047,
    "drug-cases": 122503,
    "drug-suspects": 139956,
    "precursors-seized": Decimal("169730.000"),
    "trafficking-cases": 1017,
    "trafficking-suspects": 718,
    "trafficking-victims": 1469,
}
COUNTRIES = ["KH", "CN", "LA", "MM", "TH", "VN"]
TODAY = months.read("2026-11").replace(day=23)


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The demonstration in the database, for the tests of this file only; they change nothing."""
    with django_db_blocker.unblock(), override_settings(DEMO=True), transaction.atomic():
        call_command("load_demonstration", verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def released(loaded):
    release = Release.objects.get()
    return Selection(release.operation, release, release.operation.first_month, release.last_month)


@pytest.fixture
def open_reports(loaded):
    """The reports of SLM-2026 by agency and month, as somebody sees them on 23 November 2026."""
    reports = queries.worklist(Report.objects.filter(operation__code="SLM-2026"), TODAY)
    return {(report.agency.code, months.written(report.month)): report for report in reports}


# ------------------------------------------------------------------------------------ made by a rule


def test_the_files_kept_are_the_files_that_the_rule_makes():
    folder = settings.BASE_DIR / "fixtures" / "demonstration"
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if "questions" not in path.name}
    assert kept == {name: text.encode() for name, text in demonstration.files().items()}


def test_a_question_waits_one_is_answered_and_one_month_has_longer(loaded):
    [waiting] = Question.objects.open()
    assert str(waiting) == "SLM-2026 KH-NP 2026-08 r1 drugs-ketamine: Is this one seizure or several?"
    [answer] = Answer.objects.all()
    assert (answer.kind, answer.by.username) == ("confirmed", "officer.vn")
    [extension] = Extension.objects.all()
    assert (extension.report.agency.code, extension.report.due) == ("LA-MPS", date(2026, 11, 30))


def test_it_is_refused_on_a_site_for_real_figures(db, settings):
    settings.DEMO = False
    before = Person.objects.count()
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("load_demonstration", verbosity=0)
    assert Person.objects.count() == before


def test_loading_again_changes_nothing(loaded):
    before = [kind.objects.count() for kind in (Person, Revision, Figure, Step, Release)]
    call_command("load_demonstration", verbosity=0)
    assert [kind.objects.count() for kind in (Person, Revision, Figure, Step, Release)] == before


def test_its_people_have_addresses_of_nobody(loaded):
    addresses = Person.objects.filter(username__in=load_demonstration.ACCOUNTS).values_list(
        "email", flat=True
    )
    assert len(addresses) == 12 and all(one.endswith("@example.org") for one in addresses)


# ----------------------------------------------------------------------------- what was published in all


@pytest.mark.parametrize("indicator", list(PUBLISHED))
def test_a_total_is_the_published_one(released, indicator):
    (total,) = queries.totals(released.narrowed(indicators=(indicator,)))
    assert (total.value, total.reports_in, total.reports_expected) == (PUBLISHED[indicator], 77, 77)


def test_drugs_seized_are_over_82_tonnes_and_below_83(released):
    (total,) = queries.totals(released.narrowed(indicators=("drugs-seized",)))
    assert 82_000 < total.value < 83_000


def test_the_results_page_is_light(released, settings):
    """Numbers and styles come within 60 kB, and with the charts all within 450 kB."""
    settings.PUBLIC_RESULTS = True
    page = Client().get("/results/SLM-2025/").content
    static = settings.BASE_DIR / "static"
    styles = gzip.compress((static / "site.css").read_bytes())
    first = len(gzip.compress(page)) + len(styles)
    scripts = ["vendor/plotly/plotly-basic.min.js", "vendor/plotly/plotly.css", "charts.js", "menus.js"]
    assert b"8,012" in page and first < 60_000
    assert first + sum(len(gzip.compress((static / name).read_bytes())) for name in scripts) < 450_000


@pytest.mark.parametrize("by", ["country", "agency", "month"])
def test_a_split_adds_up_to_the_whole(released, by):
    whole = {total.indicator: total.value for total in queries.totals(released)}
    split = dict.fromkeys(whole, 0)
    for total in queries.totals(released, by=(by,)):
        split[total.indicator] += total.value or 0
    assert split == whole


def test_the_live_view_agrees_with_the_release(released):
    live = queries.totals(released.narrowed(release=None))
    assert [total.value for total in live] == [total.value for total in queries.totals(released)]


@pytest.mark.parametrize("country", COUNTRIES)
def test_no_country_is_always_zero(released, country):
    selection = released.narrowed(countries=(country,))
    assert all(total.value for total in queries.totals(selection) if total.indicator in PUBLISHED)


def test_february_is_small_as_three_days_are(released):
    cases = [
        total.value for total in queries.totals(released.narrowed(indicators=("drug-cases",)), by=("month",))
    ]
    assert len(cases) == 11
    assert cases[0] * 4 < min(cases[1:])
    assert max(cases[1:]) < 2 * min(cases[1:])


def test_the_release_holds_the_corrected_revisions(released):
    pins = released.release.pins
    assert (pins.count(), pins.filter(revision__number=2).count()) == (77, 2)
    assert (
        not Revision.objects.filter(report__operation=released.operation).exclude(state="verified").exists()
    )


def test_the_release_has_the_date_of_the_meeting(released):
    assert (released.release.number, f"{released.release.at:%Y-%m-%d %H:%M}") == (1, "2026-01-27 02:00")
    assert released.operation.is_demonstration


# ------------------------------------------------------------------------------------ as reports really are


def test_weights_come_in_every_unit(loaded):
    assert set(Figure.objects.exclude(unit=None).values_list("unit__code", flat=True)) == {
        "case", "person", "kg", "g", "t", "tablet", "litre",
    }  # fmt: skip


def test_a_figure_in_another_unit_keeps_its_factor(loaded):
    assert not Figure.objects.filter(unit__code__in=["g", "t", "tablet", "litre"], factor=None).exists()


def test_marks_of_both_kinds_have_a_reason(loaded):
    marked = Figure.objects.exclude(mark=None)
    assert set(marked.values_list("mark", flat=True)) == set(Mark.values)
    assert not marked.filter(note="").exists()


def test_estimated_figures_say_how(loaded):
    estimated = Figure.objects.filter(estimated=True)
    assert estimated.exists() and not estimated.filter(note="").exists()


def test_there_are_nil_reports(released):
    nil = [
        pin for pin in released.release.pins.all()
        if not pin.revision.figures.filter(value__gt=0).exists()
    ]  # fmt: skip
    assert len(nil) == 3
    assert any(pin.revision.figures.filter(value=0).count() == 23 for pin in nil)


def test_a_correction_has_its_reason_and_the_older_figures_stay(loaded):
    first, second = Revision.objects.filter(
        report__agency__code="KH-NP", report__operation__code="SLM-2025", report__month="2025-08-01"
    )
    wrong, right = (one.figures.get(indicator__code="drugs-ketamine") for one in (first, second))
    assert (wrong.quantity, wrong.unit.code, right.unit.code) == (right.quantity, "g", "kg")
    assert (second.reason_code, bool(second.reason), second.state) == ("unit", True, "verified")


def test_what_is_handed_in_has_nothing_unanswered(loaded):
    for revision in Revision.objects.exclude(state="draft").select_related(
        "report__operation", "report__agency"
    ):
        found = queries.findings(revision.report, revision)
        assert not checks.unanswered(found, queries.entries(revision)), revision


def test_everything_was_verified_by_somebody_else(loaded):
    for step in Step.objects.filter(verb=Step.Verb.VERIFY).select_related("revision"):
        assert not step.revision.steps.filter(verb=Step.Verb.SUBMIT, by=step.by).exists()


def test_reports_came_in_time_and_the_history_runs_forward(loaded):
    for report in Report.objects.select_related("operation").filter(operation__code="SLM-2025"):
        steps = list(Step.objects.filter(revision__report=report))
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        submitted = next(step for step in steps if step.verb == Step.Verb.SUBMIT)
        assert report.month < submitted.at.date() <= report.due


# ---------------------------------------------------------------------------------------- the open operation


def test_each_state_can_be_seen(open_reports):
    assert {report.standing for report in open_reports.values()} == {
        "expected", "draft", "sent_back", "submitted", "verified",
    }  # fmt: skip


def test_some_reports_are_overdue_and_the_running_month_is_not(open_reports):
    overdue = {key for key, report in open_reports.items() if report.is_overdue(TODAY)}
    assert ("TH-RTP", "2026-10") in overdue and ("LA-MND", "2026-08") in overdue
    assert not any(month == "2026-11" for _agency, month in overdue)


def test_reports_wait_for_the_reviewer(loaded):
    waiting = queries.queue(Revision.objects.filter(report__operation__code="SLM-2026"))
    assert len(waiting) >= 4
    assert any(revision.number == 2 for revision in waiting)
    assert any(revision.steps.filter(verb=Step.Verb.SEND_BACK).exists() for revision in waiting)


def test_the_officer_of_thailand_finds_a_report_to_correct(open_reports):
    report = open_reports["TH-RTP", "2026-02"]
    assert report.standing == "sent_back" and report.filled == 23
    assert Step.objects.filter(revision__report=report, verb=Step.Verb.SEND_BACK).get().note
    assert access.may_enter(Person.objects.get(username="officer.th"), report)
    assert open_reports["TH-RTP", "2026-10"].standing == "expected"


def test_a_draft_is_partly_filled(open_reports):
    assert open_reports["KH-NP", "2026-10"].filled == 9


def test_nothing_of_the_open_operation_is_released(loaded):
    assert not Operation.objects.get(code="SLM-2026").releases.exists()


# ------------------------------------------------------------------------------------------------ the people


@pytest.mark.parametrize("username", list(load_demonstration.ACCOUNTS))
def test_an_account_signs_in_with_the_password(loaded, username):
    person = Person.objects.get(username=username)
    assert person.check_password(settings.DEMO_PASSWORD) and person.label != username


def test_the_accounts_are_those_of_the_contract(loaded):
    assert {person.username: person.agency and person.agency.code for person in Person.objects.all()} == {
        "officer.kh": "KH-NP", "officer.cn": "CN-MPS", "officer.la.mps": "LA-MPS", "officer.la.mnd": "LA-MND",
        "officer.mm": "MM-MHA", "officer.th": "TH-RTP", "officer.vn": "VN-MPS",
        "reviewer": None, "publisher": None, "official": None, "analyst": None, "administrator": None,
    }  # fmt: skip


def test_only_the_administrator_enters_the_administration_and_nobody_is_above_the_rules(loaded):
    assert list(Person.objects.filter(is_staff=True).values_list("username", flat=True)) == ["administrator"]
    assert not Person.objects.filter(is_superuser=True).exists()
