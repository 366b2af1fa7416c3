"""PUT of one figure: what is understood, what is refused and how, and that nothing happens twice."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from stories import fill, joint_operation, person, report, submitted, verified

from operations.models import Agency, Change, Figure, Reply, Report

LEAVES = ["drug-cases", "drug-suspects", "drugs-heroin", "drugs-methamphetamine-tablets"]
HERE = "/reports/JT-2025/TH-RTP/2025-03/figures/{}/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def march():
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", ["TH-RTP", "KH-NP"], LEAVES)
    return report(operation, "TH-RTP", "2025-03")


@pytest.fixture
def officer():
    return person("officer", "TH-RTP")


@pytest.fixture
def client(officer):
    client = Client()
    client.force_login(officer)
    return client


def put(client, code, key="", here=HERE, **asked):
    headers = {"Idempotency-Key": key} if key else {}
    body = json.dumps({"text": "", "unit": "", "mark": None, "note": "", "seen": 0} | asked)
    return client.put(here.format(code), body, content_type="application/json", headers=headers)


def values(report):
    return dict(Figure.objects.filter(revision__report=report).values_list("indicator__code", "value"))


def test_a_figure_is_saved_and_echoed(march, client):
    answer = put(client, "drugs-heroin", text="1.204,350", unit="kg")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["version"], said["value"], said["display"]) == (1, "1204.350", "1,204.350 kg")
    assert said["warnings"] == []
    assert said["totals"]["drugs-seized"] == {
        "value": "1204.350", "display": "1,204.350", "partial": "partial: 1 of 2"
    }  # fmt: skip
    assert said["to_explain"] == 0
    assert values(march) == {"drugs-heroin": Decimal("1204.350")}


def test_tablets_are_kept_as_reported_and_echoed_in_kilograms(march, client):
    said = put(client, "drugs-methamphetamine-tablets", text="៤៥៨៣៣៣៣", unit="tablet").json()
    assert said["display"] == "412.500 kg"
    figure = Figure.objects.get(revision__report=march)
    assert (figure.quantity, figure.unit.code) == (4583333, "tablet")


def test_an_odd_figure_is_saved_with_a_warning(march, client, officer):
    verified(march.operation.reports.get(agency=march.agency, month=date(2025, 2, 1)), officer,
             person("reviewer"), drug_cases=10)  # fmt: skip
    said = put(client, "drug-cases", text="500").json()
    assert said["warnings"] == ["Drug cases investigated is 50 times what the earlier months had. "
                                "Correct it, or say in the note what happened."]  # fmt: skip
    assert (said["to_explain"], said["findings"][0]["open"]) == (1, True)
    said = put(client, "drug-cases", text="500", note="Two raids.", seen=1).json()
    assert (said["to_explain"], said["findings"][0]["open"]) == (0, False)


def test_zero_a_mark_and_nothing_stay_three_things(march, client):
    assert put(client, "drug-cases", text="0").json()["value"] == "0"
    marked = put(client, "drug-cases", mark="L", note="Lost.", seen=1).json()
    assert (marked["value"], marked["display"]) == (None, "not available")
    emptied = put(client, "drug-cases", seen=2).json()
    assert (emptied["version"], emptied["value"], emptied["display"]) == (3, None, "")


def test_what_somebody_else_saved_meanwhile_is_shown_and_stays(march, client):
    colleague = person("officer", "TH-RTP", username="malee")
    fill(march, colleague, drug_cases=7)
    answer = put(client, "drug-cases", text="8", seen=0)
    assert answer.status_code == 409
    said = answer.json()
    assert (said["error"]["code"], said["error"]["field"]) == ("conflict", "drug-cases")
    assert (said["theirs"]["text"], said["theirs"]["version"], said["theirs"]["by"]) == ("7", 1, "malee")
    assert said["theirs"]["at"].startswith("2025-04-05T09:00")
    assert values(march)["drug-cases"] == 7
    assert put(client, "drug-cases", text="8", seen=1).status_code == 200


def test_two_readings_are_asked_for_once_and_the_habit_is_remembered(march, client):
    answer = put(client, "drugs-heroin", text="1.234", unit="kg")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "ambiguous")
    assert answer.json()["readings"] == [{"means": ".", "value": "1.234"}, {"means": ",", "value": "1234"}]
    assert put(client, "drugs-heroin", text="1.234", unit="kg", means=",").json()["value"] == "1234.000"
    assert Agency.objects.get(code="TH-RTP").decimal_separator == ","
    assert put(client, "drugs-heroin", text="2.345", unit="kg", seen=1).json()["value"] == "2345.000"


def test_a_choice_that_was_no_question_teaches_no_habit(march, client):
    assert put(client, "drugs-heroin", text="12.5", unit="kg", means=",").status_code == 200
    assert Agency.objects.get(code="TH-RTP").decimal_separator == ""


@pytest.mark.parametrize(("asked", "code"), [
    ({"text": "12万"}, "full"),
    ({"text": "12.5"}, "whole"),
    ({"text": "-4"}, "sign"),
    ({"text": "4", "mark": "L"}, "unreadable"),
    ({"text": "4", "mark": "Q"}, "unreadable"),
    ({"text": "4", "unit": "barrel"}, "unreadable"),
    ({"text": "4", "note": "x" * 1001}, "unreadable"),
    ({"text": "4", "note": "x\x00"}, "unreadable"),
    ({"text": "4\x00"}, "hidden"),
    ({"text": "9" * 16}, "large"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence_and_nothing_is_begun(march, client, asked, code):
    answer = put(client, "drug-cases", **asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert answer.json()["error"]["message"].endswith(".")
    assert not march.revisions.exists()


@pytest.mark.parametrize(("body", "field"), [
    ("", "body"), ("[]", "body"), ("{", "body"), ("[" * 100_000, "body"),
    ('{"text": 5}', "text"), ('{"seen": true}', "seen"), ('{"seen": "1"}', "seen"), ('{"mark": 1}', "mark"),
    ('{"note": "\\ud800"}', "note"), ('{"text": "1.234", "means": "zz"}', "means"),
])  # fmt: skip
def test_another_shape_is_refused_and_the_field_named(march, client, body, field):
    answer = client.put(HERE.format("drug-cases"), body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_a_total_and_an_unknown_indicator_are_not_found(march, client):
    for code in ("drugs-seized", "nothing-known"):
        assert put(client, code, text="1").status_code == 404


def test_a_submitted_report_is_locked_with_the_reason(march, client, officer):
    submitted(march, officer, drug_cases=1)
    answer = put(client, "drug-cases", text="2", seen=1)
    assert (answer.status_code, answer.json()["until"]) == (423, None)
    assert "submitted" in answer.json()["error"]["message"]


def test_a_month_to_come_is_locked_until_it_begins(client):
    coming = joint_operation("JT-2090", "2090-01-01", "2090-03-31", ["TH-RTP"], LEAVES)
    answer = put(client, "drug-cases", text="2", here="/reports/JT-2090/TH-RTP/2090-02/figures/{}/")
    assert (answer.status_code, answer.json()["until"]) == (423, "2090-02-01")
    assert not report(coming, "TH-RTP", "2090-02").revisions.exists()


def test_who_is_signed_out_is_told_so_in_json(march):
    answer = put(Client(), "drug-cases", text="1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out")


def test_a_request_without_its_token_is_refused_in_json(march, officer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(officer)
    assert put(client, "drug-cases", text="1").json()["error"]["code"] == "forbidden"
    assert not march.revisions.exists()


def test_the_sentences_come_in_the_readers_language(march, client):
    answer = put(client, "drug-cases", text="12.5", here="/vi" + HERE)
    assert answer.json()["error"]["message"] != put(client, "drug-cases", text="12.5").json()["error"]["message"]


# ----------------------------------------------------------------------------------------------- once


def test_a_repeated_request_is_answered_alike_and_changes_nothing(march, client):
    first = put(client, "drug-cases", key="a-key", text="5")
    put(client, "drug-cases", text="6", seen=1)
    again = put(client, "drug-cases", key="a-key", text="5")
    assert (again.status_code, again.json()) == (200, first.json())
    assert values(march)["drug-cases"] == 6


def test_a_key_stands_for_one_request(march, client):
    put(client, "drug-cases", key="a-key", text="5")
    for code, text in (("drug-cases", "6"), ("drug-suspects", "5")):
        answer = put(client, code, key="a-key", text=text)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "key_used")
    assert values(march) == {"drug-cases": 5}


def test_keys_are_each_persons_own(march, client):
    put(client, "drug-cases", key="a-key", text="5")
    other = Client()
    other.force_login(person("officer", "TH-RTP", username="malee"))
    assert put(other, "drug-cases", key="a-key", text="6", seen=1).json()["value"] == "6"


@pytest.mark.parametrize("key", ["x" * 65, "a key", "ключ"])
def test_a_key_of_another_shape_is_refused(march, client, key):
    assert put(client, "drug-cases", key=key, text="5").status_code == 400
    assert not Reply.objects.exists()


def test_what_was_refused_is_tried_anew_under_its_key(march, client):
    march.operation.closes_after = 0
    march.operation.save()
    assert put(client, "drug-cases", key="a-key", text="5").status_code == 423
    march.operation.closes_after = None
    march.operation.save()
    assert put(client, "drug-cases", key="a-key", text="5").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_twenty_equal_requests_at_once_one_has_an_effect(march, officer):
    def go(number):
        try:
            client = Client()
            client.force_login(officer)
            return put(client, "drug-cases", key="a-key", text="5")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(go, range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert Change.objects.filter(revision__report=Report.objects.get(pk=march.pk)).count() == 1


def test_a_request_repeated_in_another_language_is_the_same_request(march, client):
    body = {"text": "12", "unit": "case", "seen": 0}
    assert put(client, "drug-cases", key="one", **body).status_code == 200
    again = put(client, "drug-cases", key="one", here="/th" + HERE, **body)
    assert (again.status_code, again.json()["version"]) == (200, 1)


@pytest.mark.django_db(transaction=True)
def test_a_key_used_for_two_reports_at_once_stands_for_one(march, officer):
    april = HERE.replace("2025-03", "2025-04")

    def go(number):
        try:
            client = Client()
            client.force_login(officer)
            return put(client, "drug-cases", key=f"key-{number // 2}", text="5", here=HERE if number % 2 else april)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = [answer.status_code for answer in threads.map(go, range(40))]
    assert set(codes) <= {200, 409, 422}
    assert all(sorted(pair) != [200, 200] for pair in zip(codes[::2], codes[1::2], strict=True))
