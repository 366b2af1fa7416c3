"""An officer's desk, through its pages: typing, saving, submitting, and what each reader may see of it."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from stories import fill, joint_operation, person, report, submitted, verified

from operations import actions, queries
from operations.models import Figure, Revision

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drug-suspects", "drugs-methamphetamine-tablets", "drugs-heroin", "drugs-ketamine"]
HERE = "/reports/JT-2025/TH-RTP/2025-03/"


@pytest.fixture
def operation():
    agencies = ["KH-NP", "LA-MPS", "LA-MND", "TH-RTP"]
    return joint_operation("JT-2025", "2025-02-26", "2025-06-30", agencies, LEAVES)


@pytest.fixture
def march(operation):
    return report(operation, "TH-RTP", "2025-03")


@pytest.fixture
def officer():
    return person("officer", "TH-RTP")


@pytest.fixture
def reviewer():
    return person("reviewer")


def desk(somebody) -> Client:
    client = Client()
    client.force_login(somebody)
    return client


def post(client, action="save", address=HERE, version=0, **typed):
    """Post the sheet: figures by indicator, `drugs_heroin__unit` and so on for what stands beside them."""
    named = {name.replace("__", ".").replace("_", "-"): text for name, text in typed.items()}
    return client.post(address, {"action": action, "version": version, **named})


def field(page, name) -> str:
    """What stands in an input of the page."""
    found = re.search(rf'<input type="text"[^>]* name="{re.escape(name)}" value="([^"]*)"', page.content.decode())
    return found[1]


def values(report) -> dict:
    figures = Figure.objects.filter(revision__report=report)
    return {figure.indicator.code: figure.value for figure in figures}


def everything(**typed):
    return {code.replace("-", "_"): "0" for code in LEAVES} | typed


# ------------------------------------------------------------------------------------------ the main path


def test_a_month_typed_in_khmer_thai_and_latin_digits_is_saved_submitted_and_verified(march, officer, reviewer):
    client = desk(officer)
    typed = everything(drug_cases="១ ២៣៤", drug_suspects="๑,๕๐๐", drugs_heroin="1,204.350")
    assert post(client, **typed).status_code == 302
    assert values(march)["drug-cases"] == 1234
    assert values(march)["drug-suspects"] == 1500
    assert values(march)["drugs-heroin"] == Decimal("1204.350")
    page = client.get(HERE)
    assert field(page, "drug-cases") == "1,234"
    assert field(page, "drugs-heroin") == "1,204.350"

    version = Revision.objects.get().version
    checked = client.post(HERE, {"action": "check", "version": version}, follow=True)
    assert "These figures are complete and correct" in checked.content.decode()
    done = client.post(HERE, {"action": "submit", "version": version, "declaration": "on"}, follow=True)
    assert "The report is submitted." in done.content.decode()
    client = desk(reviewer)
    done = client.post(f"/review{HERE[8:]}", {"action": "verify", "version": version}, follow=True)
    assert done.status_code == 200
    assert Revision.objects.get().is_verified


def test_what_is_echoed_can_be_sent_again_unchanged_in_every_language(march, officer):
    fill(march, officer, drugs_heroin="412.512", drug_cases=1234, drugs_ketamine="0.500")
    client = desk(officer)
    for prefix in ("", "/vi", "/km", "/my", "/th", "/zh-hans"):
        page = client.get(prefix + HERE)
        typed = {code: field(page, code) for code in LEAVES}
        answer = client.post(prefix + HERE, {"action": "save", "version": Revision.objects.get().version, **typed})
        assert answer.status_code == 302, prefix
    assert values(march)["drugs-heroin"] == Decimal("412.512")
    assert Revision.objects.get().version == 1


def test_a_note_beside_an_echoed_figure_raises_no_question_about_it(march, officer):
    fill(march, officer, drugs_heroin="412.512")
    answer = post(desk(officer), version=1, drugs_heroin="412.512", drugs_heroin__note="One container.")
    assert answer.status_code == 302
    figure = Figure.objects.get()
    assert (figure.value, figure.note) == (Decimal("412.512"), "One container.")


def test_tablets_are_kept_as_typed_and_converted(march, officer):
    client = desk(officer)
    post(client, drugs_methamphetamine_tablets="4,583,333", drugs_methamphetamine_tablets__unit="tablet")
    figure = Figure.objects.get()
    assert (figure.quantity, figure.unit.code) == (4583333, "tablet")
    factor = queries.factors([figure.indicator], march.month)[figure.indicator.code, "tablet"]
    assert figure.value == round(factor.factor * figure.quantity, 3)
    page = client.get(HERE)
    assert field(page, "drugs-methamphetamine-tablets") == "4,583,333"
    assert re.search('<option value="tablet"[^>]* selected>', page.content.decode())


def test_empty_is_not_zero(march, officer):
    client = desk(officer)
    post(client, drug_cases="0", drug_suspects="")
    assert values(march) == {"drug-cases": 0}
    assert "1 of 5 figures entered" in client.get(HERE).content.decode()


def test_a_figure_can_be_emptied_again(march, officer):
    fill(march, officer, drug_cases=12)
    post(desk(officer), version=1, drug_cases="")
    assert Figure.objects.get().is_empty


def test_a_field_that_was_not_sent_stays_as_it_was(march, officer):
    fill(march, officer, drug_cases=12, drug_suspects=5)
    post(desk(officer), version=1, drug_cases="13")
    assert values(march) == {"drug-cases": 13, "drug-suspects": 5}


def test_totals_stand_under_their_parts_with_a_dash_until_one_exists(march, officer):
    client = desk(officer)
    page = client.get(HERE).content.decode()
    assert page.index("Ketamine") < page.index(">no figure yet<")
    post(client, drugs_heroin="1.5")
    page = client.get(HERE).content.decode()
    assert "partial: 1 of 3" in page and ">no figure yet<" not in page


def test_the_two_months_before_stand_beside(operation, officer, reviewer, march):
    verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer, drug_cases=7777)
    page = desk(officer).get(HERE).content.decode()
    assert "7,777" in page
    assert page.count('<th scope="col" class="past">') == 1  # the operation begins in February


def test_an_untouched_page_begins_no_draft(march, officer):
    post(desk(officer), **dict.fromkeys(["drug_cases", "drug_suspects"], ""))
    assert not Revision.objects.exists()


# -------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("6,0i44", "does not belong in a number"),
        ("12万", "Write the number out in full"),
        ("-5", "never below zero"),
        ("n/a", "can mean zero or unknown"),
        ("12.5", "counted in whole numbers"),
        ("1" * 30, "too large"),
        ("<script>", "is not one exact number"),
    ],
)
def test_what_cannot_be_read_is_said_and_kept_and_nothing_is_saved(march, officer, text, sentence):
    answer = post(desk(officer), drug_cases=text, drug_suspects="5")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert 'href="#drug-cases"' in page
    assert field(answer, "drug-cases") == text.replace("<", "&lt;").replace(">", "&gt;")
    assert field(answer, "drug-suspects") == "5"
    assert not Revision.objects.exists()


def test_a_text_with_two_readings_is_asked_and_the_answer_is_taken(march, officer):
    client = desk(officer)
    answer = post(client, drugs_heroin="1,234")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1234" in page and "1.234" in page
    assert 'name="drugs-heroin.means" value=","' in page
    post(client, drugs_heroin="1,234", drugs_heroin__means=",")
    assert values(march) == {"drugs-heroin": Decimal("1.234")}


def test_an_answer_is_kept_while_another_field_is_mended(march, officer):
    answer = post(desk(officer), drugs_heroin="1,234", drugs_heroin__means=",", drug_cases="x")
    assert 'name="drugs-heroin.means" value="," checked' in answer.content.decode()


def test_a_figure_and_a_mark_together_are_refused(march, officer):
    answer = post(desk(officer), drug_cases="5", drug_cases__mark="L")
    assert answer.status_code == 422
    assert "There is a figure and a mark" in answer.content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        {"drug_cases__mark": "X"},
        {"drugs_heroin": "5", "drugs_heroin__unit": "pound"},
        {"drug_cases__note": "x" * 1001},
        {"drug_cases__note": "a\x00b"},
        {"drugs_methamphetamine_tablets": "1.5", "drugs_methamphetamine_tablets__unit": "tablet"},
        {"drugs_heroin": "999999999999999", "drugs_heroin__unit": "t"},
    ],
)
def test_what_a_form_cannot_send_is_refused_with_a_sentence(march, officer, typed):
    answer = post(desk(officer), **typed)
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()
    assert not values(march)


def test_names_that_are_no_figure_of_the_operation_are_passed_over(march, officer):
    post(desk(officer), drug_cases="5", drugs_seized="99", scam_cases_fraud="7", state="verified")
    assert values(march) == {"drug-cases": 5}
    assert Revision.objects.get().is_draft


@pytest.mark.parametrize(
    "address",
    [
        "/reports/JT-2025/TH-RTP/2025-07/",
        "/reports/JT-2025/TH-RTP/2568-03/",
        "/reports/JT-2025/TH-RTP/2025-13/",
        "/reports/JT-2025/TH-XX/2025-03/",
        "/reports/NO-2025/TH-RTP/2025-03/",
        "/reports/JT-2025/VN-MPS/2025-03/",
    ],
)
def test_a_report_that_nobody_owes_is_not_found(operation, officer, address):
    assert desk(officer).get(address).status_code == 404


def test_a_month_that_has_not_begun_is_said_and_cannot_be_written(officer):
    future = joint_operation("JT-2099", "2099-01-01", "2099-03-31", ["TH-RTP"], LEAVES)
    client = desk(officer)
    address = report(future, "TH-RTP", "2099-02").get_absolute_url()
    assert "February 2099 has not begun" in client.get(address).content.decode()
    answer = post(client, address=address, drug_cases="5")
    assert answer.status_code == 409
    assert "has not begun" in answer.content.decode()
    assert not Revision.objects.exists()


# ------------------------------------------------------------------------------------ two at one report


def test_a_second_save_of_an_old_page_keeps_its_text_and_names_the_other(march, officer):
    colleague = person("officer", "TH-RTP", username="colleague")
    colleague.first_name = "Malee"
    colleague.save()
    fill(march, officer, drug_cases=1, drug_suspects=2)
    fill(march, colleague, drug_cases=10, drug_suspects=20)
    answer = post(
        desk(officer), version=1, drug_cases="100", drug_suspects="2", drugs_heroin="3",
        drug_cases__note="Compared with the log book.", drug_suspects__note="Compared with the log book.",
    )
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Malee changed" in text and march.operation.indicators.get(code="drug-cases").label in text
    assert field(answer, "drug-cases") == "100"  # hers stays
    assert field(answer, "drug-suspects") == "20"  # what she did not touch is the other's
    assert field(answer, "drugs-heroin") == "3"
    assert values(march) == {"drug-cases": 10, "drug-suspects": 20}
    assert 'name="version" value="2"' in text


def test_after_a_conflict_the_second_save_goes_through(march, officer):
    fill(march, officer, drug_cases=1)
    fill(march, officer, drug_cases=2)
    assert post(desk(officer), version=1, drug_cases="3").status_code == 409
    assert post(desk(officer), version=2, drug_cases="3").status_code == 302
    assert values(march) == {"drug-cases": 3}


@pytest.mark.parametrize("version", ["", "x", "-1", "99", "9" * 30])
def test_a_page_without_its_version_saves_nothing(march, officer, version):
    fill(march, officer, drug_cases=1)
    answer = post(desk(officer), version=version, drug_cases="3")
    assert answer.status_code == 409
    assert field(answer, "drug-cases") == "3"
    assert values(march) == {"drug-cases": 1}


def test_what_was_typed_into_a_report_meanwhile_submitted_is_shown_and_not_saved(march, officer):
    submitted(march, officer, drug_cases=1)
    answer = post(desk(officer), version=1, drug_cases="77")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "already submitted" in page
    assert "What you typed was not saved" in page and "77" in page


# ------------------------------------------------------------------------------------- check and submit


def test_checking_lists_what_is_open_each_with_a_link_to_its_field(march, officer):
    page = desk(officer).get(HERE, {"check": "1"}).content.decode()
    assert page.count("is empty: a figure, 0 or “not available” is needed.") == len(LEAVES)
    assert 'href="#drugs-heroin"' in page


def test_checking_saves_first(march, officer):
    answer = post(desk(officer), "check", drug_cases="5")
    assert answer.url == f"{HERE}?check=1"
    assert values(march) == {"drug-cases": 5}


def test_submitting_with_a_figure_missing_saves_and_says_so(march, officer):
    answer = post(desk(officer), "submit", declaration="on", **everything(drug_cases=""))
    assert answer.status_code == 422
    assert "is empty: a figure, 0 or" in answer.content.decode()
    assert Revision.objects.get().is_draft
    assert len(values(march)) == 4


def test_submitting_needs_the_declaration(march, officer):
    answer = post(desk(officer), "submit", **everything())
    assert answer.status_code == 422
    assert 'href="#declaration"' in answer.content.decode() and 'id="declaration"' in answer.content.decode()
    assert Revision.objects.get().is_draft


def test_a_mark_needs_a_note_to_be_submitted(march, officer):
    client = desk(officer)
    typed = everything(drug_cases="", drug_cases__mark="L")
    answer = post(client, "submit", declaration="on", **typed)
    assert answer.status_code == 422
    assert 'href="#drug-cases.note"' in answer.content.decode()
    version = Revision.objects.get().version
    typed |= {"drug_cases__note": "Laboratory result due in April"}
    assert post(client, "submit", version=version, declaration="on", **typed).status_code == 302
    assert Revision.objects.get().is_submitted
    assert values(march)["drug-cases"] is None


def test_a_month_with_nothing_to_report_is_submitted_as_zeros(march, officer):
    assert post(desk(officer), "submit", declaration="on", **everything()).status_code == 302
    assert Revision.objects.get().is_submitted
    assert set(values(march).values()) == {0}


def test_an_odd_figure_is_warned_of_in_its_row_and_wants_a_note(operation, march, officer, reviewer):
    verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer, drug_cases=10)
    client = desk(officer)
    answer = post(client, "submit", declaration="on", **everything(drug_cases="250", drug_suspects="1"))
    assert answer.status_code == 422
    assert "25 times what the earlier months had" in answer.content.decode()


def test_the_reason_of_a_sent_back_report_is_shown_to_its_officer(march, officer, reviewer):
    revision = submitted(march, officer)
    actions.send_back(march, version=revision.version, by=reviewer, at=timezone.now(), note="Please check heroin.")
    page = desk(officer).get(HERE).content.decode()
    assert "From the Centre" in page and "Please check heroin." in page
    assert 'name="drug-cases"' in page


# ------------------------------------------------------------------------------------------- who may see


def test_the_other_agency_of_the_country_reads_and_does_not_write(operation):
    theirs = report(operation, "LA-MND", "2025-03")
    fill(theirs, person("officer", "LA-MND"), drug_cases=4321)
    client = desk(person("officer", "LA-MPS"))
    page = client.get(theirs.get_absolute_url()).content.decode()
    assert "4,321" in page and "You can read this report" in page
    assert 'name="drug-cases"' not in page
    assert post(client, address=theirs.get_absolute_url(), version=1, drug_cases="5").status_code == 403
    assert post(client, address=theirs.get_absolute_url(), version=1).status_code == 403
    assert values(theirs) == {"drug-cases": 4321}


@pytest.mark.parametrize(
    ("role", "agency"),
    [
        ("officer", "KH-NP"),
        ("reviewer", ""),
        ("publisher", ""),
        ("official", ""),
        ("analyst", ""),
        ("administrator", ""),
    ],
)
def test_somebody_elses_draft_is_not_found(march, officer, role, agency):
    fill(march, officer, drug_cases=1)
    client = desk(person(role, agency))
    assert client.get(HERE).status_code == 404
    assert post(client, version=1, drug_cases="5").status_code == 404


def test_a_reviewer_reads_what_is_submitted_and_changes_nothing(march, officer, reviewer):
    submitted(march, officer, drug_cases=4321)
    client = desk(reviewer)
    assert "4,321" in client.get(HERE).content.decode()
    assert post(client, version=1, drug_cases="5").status_code == 403


def test_a_correction_in_draft_shows_the_centre_the_verified_figures(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=4321)
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=timezone.now())
    fill(march, officer, drug_cases=9999)
    page = desk(reviewer).get(HERE).content.decode()
    assert "4,321" in page and "9,999" not in page


def test_invented_figures_are_labelled_as_a_demonstration(operation, march, officer):
    assert "invented" not in desk(officer).get(HERE).content.decode()
    operation.is_demonstration = True
    operation.save()
    assert "invented" in desk(officer).get(HERE).content.decode()


def test_strangers_are_asked_to_sign_in(operation):
    assert Client().get(HERE).url.startswith("/accounts/login/")


# ------------------------------------------------------------------------------------------- correction


def test_a_verified_report_is_opened_for_correction_with_a_reason(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=10)
    client = desk(officer)
    page = client.get(HERE).content.decode()
    assert "frozen" in page and 'name="drug-cases"' not in page
    answer = client.post(f"{HERE}correct/", {"reason_code": "typing", "reason": "A digit was wrong."})
    assert answer.status_code == 302
    new = Revision.objects.get(number=2)
    assert (new.reason_code, new.reason) == ("typing", "A digit was wrong.")
    page = client.get(HERE)
    assert field(page, "drug-cases") == "10"
    answer = post(client, version=new.version, number=2, drug_cases="11")
    assert answer.status_code == 302
    old = Figure.objects.get(revision__number=1, indicator__code="drug-cases")
    assert old.value == 10


def test_a_page_of_the_revision_before_does_not_write_into_a_correction(march, officer, reviewer):
    verified(march, officer, reviewer, drug_cases=10)
    new = actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=timezone.now())
    answer = desk(officer).post(HERE, {"action": "save", "version": new.version, "number": 1, "drug-cases": "11"})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Choose why the figures are corrected."),
        ({"reason_code": "typing", "reason": "  "}, "Say in a sentence what is corrected and why."),
        ({"reason_code": "nonsense", "reason": "So."}, "not one of the available choices"),
    ],
)
def test_a_correction_without_its_reason_is_refused(march, officer, reviewer, typed, sentence):
    verified(march, officer, reviewer)
    answer = desk(officer).post(f"{HERE}correct/", typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Revision.objects.count() == 1


def test_a_draft_cannot_be_opened_for_correction(march, officer):
    fill(march, officer, drug_cases=1)
    answer = desk(officer).post(f"{HERE}correct/", {"reason_code": "typing", "reason": "A digit."})
    assert answer.status_code == 409
    assert "Only a verified report is corrected" in answer.content.decode()


def test_the_other_agency_cannot_open_a_correction(operation, reviewer):
    theirs = report(operation, "LA-MND", "2025-03")
    verified(theirs, person("officer", "LA-MND"), reviewer)
    client = desk(person("officer", "LA-MPS"))
    answer = client.post(f"{theirs.get_absolute_url()}correct/", {"reason_code": "typing", "reason": "A digit."})
    assert answer.status_code == 403


# ------------------------------------------------------------------------------------------------ lists


def test_my_reports_show_the_own_agency_first_and_the_countrys_other_to_read(operation):
    officer = person("officer", "LA-MND")
    fill(report(operation, "LA-MND", "2025-03"), officer, drug_cases=1)
    page = desk(officer).get("/reports/").content.decode()
    own, other = page.index("/reports/JT-2025/LA-MND/2025-03/"), page.index("/reports/JT-2025/LA-MPS/2025-03/")
    assert own < page.index("to read only") < other
    assert "TH-RTP" not in page
    assert "1 of 5" in page
    assert "days overdue" in page


def test_an_officer_of_one_agency_sees_what_is_left_and_what_was_done(march, officer):
    submitted(march, officer)
    page = desk(officer).get("/reports/").content.decode()
    row = re.search(r'<tr>\s*<th scope="row"><a href="/reports/JT-2025/TH-RTP/2025-03/">.*?</tr>', page, re.S)[0]
    assert "Submitted" in row and "overdue" not in row and "5 of 5" in row


def test_the_centre_sees_all_agencies_and_opens_what_it_may(operation, march, officer, reviewer):
    submitted(march, officer)
    fill(report(operation, "KH-NP", "2025-03"), person("officer", "KH-NP"), drug_cases=1)
    page = desk(reviewer).get("/reports/").content.decode()
    assert 'href="/review/JT-2025/TH-RTP/2025-03/"' in page
    assert "/JT-2025/KH-NP/2025-03/\"" not in page  # a draft


def test_a_publisher_opens_only_what_is_verified(operation, march, officer, reviewer):
    submitted(march, officer)
    verified(report(operation, "TH-RTP", "2025-02"), officer, reviewer)
    page = desk(person("publisher")).get("/reports/").content.decode()
    assert 'href="/reports/JT-2025/TH-RTP/2025-02/"' in page
    assert "TH-RTP/2025-03" not in page


def test_an_official_sees_the_states_without_links(march, officer, reviewer):
    verified(march, officer, reviewer)
    page = desk(person("official")).get("/reports/").content.decode()
    assert 'data-state="verified"' in page
    assert "/2025-03/" not in page


@pytest.mark.parametrize("role", ["analyst", "administrator"])
def test_the_list_is_not_for_analysts_and_administrators(operation, role):
    assert desk(person(role)).get("/reports/").status_code == 403


def test_two_operations_that_began_on_one_day_are_listed_apart(operation, officer):
    joint_operation("JT-TWIN", "2025-02-26", "2025-06-30", ["TH-RTP"], LEAVES)
    page = desk(officer).get("/reports/").content.decode()
    assert page.count("<h2>JT-2025</h2>") == page.count("<h2>JT-TWIN</h2>") == 1


def test_the_list_asks_the_database_no_more_with_more_months(operation, officer):
    client = desk(officer)
    with CaptureQueriesContext(connection) as few:
        client.get("/reports/")
    joint_operation("JT-2024", "2024-01-01", "2024-12-31", ["TH-RTP"], LEAVES)
    with CaptureQueriesContext(connection) as more:
        client.get("/reports/")
    assert len(more) <= len(few) + 1  # one for the operation


def test_the_same_month_a_year_earlier_stands_beside_where_it_was_verified(march, officer, reviewer):
    earlier = joint_operation("JT-2024", "2024-01-01", "2024-12-31", ["TH-RTP"], LEAVES)
    assert "March 2024" not in desk(officer).get(HERE).content.decode()
    verified(report(earlier, "TH-RTP", "2024-03"), officer, reviewer, drug_cases=4711)
    page = desk(officer).get(HERE).content.decode()
    assert '<th scope="col" class="past">March 2024</th>' in page
    assert '<td class="past" data-label="March 2024">4,711' in page


# ------------------------------------------------------------------------------------- who sees what beside


def test_a_publisher_sees_no_figure_beside_the_sheet_that_nobody_has_verified(march, officer, reviewer, operation):
    april = report(operation, "TH-RTP", "2025-04")
    submitted(march, officer, drug_cases=77123)
    verified(april, officer, reviewer, drug_cases=5)
    address = HERE.replace("2025-03", "2025-04")
    assert "77,123" in desk(officer).get(address).content.decode()
    assert "77,123" in desk(reviewer).get(address).content.decode()
    assert "77,123" not in desk(person("publisher")).get(address).content.decode()


def test_what_was_seen_while_signed_in_is_kept_nowhere(march, officer):
    for address in ("/reports/", HERE):
        assert desk(officer).get(address).headers["Cache-Control"] == "private, no-store"
