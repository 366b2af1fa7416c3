"""The administrator keeps the catalogue without code, and the database's refusals reach them as sentences."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from stories import joint_operation, person, report, verified

from operations.models import Agency, Country, Indicator, Message, Operation

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    administrator = person("administrator")
    administrator.is_staff = True
    administrator.save()
    client.force_login(administrator)
    return client


@pytest.fixture
def revision():
    operation = joint_operation("JT-2025", "2025-02-26", "2025-03-31", ["KH-NP"], ["drug-cases"])
    return verified(report(operation, "KH-NP", "2025-03"), person("officer", "KH-NP"), person("reviewer"))


def test_a_new_operation_owes_reports_at_once(desk):
    form = {
        "code": "SLM-2027",
        "name": "Safe Lancang–Mekong 2027",
        "translations": "{}",
        "position": 0,
        "first_day": "2027-01-01",
        "last_day": "2027-03-31",
        "due_day": 10,
        "agencies": [Agency.objects.get(code="TH-RTP").pk],
        "indicators": [Indicator.objects.get(code="drug-cases").pk],
    }
    assert desk.post(reverse("admin:operations_operation_add"), form).status_code == 302
    assert Operation.objects.get(code="SLM-2027").reports.count() == 3


def test_what_the_database_refuses_is_a_sentence(desk, revision):
    operation = revision.report.operation
    form = {
        "name": operation.name,
        "translations": "{}",
        "position": 0,
        "first_day": "2025-04-01",
        "last_day": "2025-04-30",
        "due_day": 10,
        "agencies": [one.pk for one in operation.agencies.all()],
        "indicators": [one.pk for one in operation.indicators.all()],
    }
    address = reverse("admin:operations_operation_change", args=[operation.pk])
    answer = desk.post(address, form, follow=True)
    assert answer.status_code == 200
    assert "has reports outside these days" in answer.content.decode()
    operation.refresh_from_db()
    assert operation.first_day.isoformat() == "2025-02-26"


def test_an_agency_that_has_reported_keeps_its_country(desk, revision):
    agency = revision.report.agency
    other = Country.objects.exclude(pk=agency.country_id).first()
    form = {"name": agency.name, "translations": "{}", "position": 0, "country": other.pk, "short_name": ""}
    desk.post(reverse("admin:operations_agency_change", args=[agency.pk]), form)
    agency.refresh_from_db()
    assert agency.country_id != other.pk


@pytest.mark.parametrize("model", ["country", "agency", "focusarea", "unit", "indicator", "operation", "person"])
def test_every_list_of_the_catalogue_opens(desk, model):
    assert desk.get(reverse(f"admin:operations_{model}_changelist")).status_code == 200
    assert desk.get(reverse(f"admin:operations_{model}_add")).status_code == 200


def test_an_officer_is_no_administrator(client):
    client.force_login(person("officer", "TH-RTP"))
    assert client.get(reverse("admin:index")).status_code == 302


def test_nothing_of_the_catalogue_is_deleted(desk):
    country = Country.objects.first()
    assert desk.get(reverse("admin:operations_country_delete", args=[country.pk])).status_code == 403


def test_the_messages_sent_are_seen_and_not_edited(desk):
    officer, today = person("officer", "TH-RTP"), date(2026, 11, 5)
    message = Message.objects.create(
        person=officer, kind="before", to="officer@example.org", subject="Due soon", body="In five days.",
        on=today, at=datetime(2026, 11, 5, 6, tzinfo=UTC), failure="The mail server did not answer.",
    )  # fmt: skip
    listed = desk.get(reverse("admin:operations_message_changelist")).content.decode()
    assert "officer@example.org" in listed and "The mail server did not answer." in listed
    shown = desk.get(reverse("admin:operations_message_change", args=[message.pk])).content.decode()
    assert "In five days." in shown and 'name="_save"' not in shown
    assert desk.post(reverse("admin:operations_message_add"), {}).status_code == 403
