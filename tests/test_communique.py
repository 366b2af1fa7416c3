"""The communiqué: a paragraph whose numbers the records fill, kept with its release, copied and taken away."""

import html
import io
import re
import shutil
import subprocess
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from conftest import as_owner
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from stories import RELEASED, claimed, corrected, joint_operation, person, released, report, verified

from operations import actions, communique, months, queries, selections, wording
from operations.models import Operation, PublishedClaim
from operations.results import docx

pytestmark = pytest.mark.django_db

LEAVES = ["drug-cases", "drugs-heroin", "precursors-other", "trafficking-cases"]
ENGLISH = (
    "All parties handled {drug-cases} cases, over {drugs-seized:over t} tonnes of drugs and "
    "{precursors-seized:0.01 t} tonnes of precursors; {trafficking-cases} trafficking cases."
)
CHINESE = (
    "侦办毒品案件{drug-cases}起，缴获{drugs-seized:over t}余吨毒品和{precursors-seized:0.01 t}吨易制毒化学品；"
    "侦办人口贩运案件{trafficking-cases}起。"
)


@pytest.fixture(autouse=True)
def open_results(settings):
    settings.PUBLIC_RESULTS = True


@pytest.fixture
def operation():
    """All of March is in, released: 1,234 cases, 82.5 t of drugs, 169.73 t of precursors, 7 trafficking cases."""
    operation = joint_operation(
        "JT-2025", "2025-03-01", "2025-03-31", ["KH-NP", "TH-RTP"], LEAVES,
        communique=ENGLISH, translations={"zh-hans": {"communique": CHINESE}},
    )  # fmt: skip
    hand_in(operation, "KH-NP", drug_cases=1200, drugs_heroin="82000", precursors_other="169000")
    hand_in(
        operation, "TH-RTP", drug_cases=34, drugs_heroin="500", precursors_other="730", trafficking_cases=7
    )
    released(operation, "2025-03", person("publisher"))
    return operation


def hand_in(operation, agency, **figures):
    return verified(
        report(operation, agency, "2025-03"), person("officer", agency), person("reviewer"), **figures
    )


def correct(operation, agency, **figures):
    corrected(report(operation, agency, "2025-03"), person("officer", agency), person("reviewer"), **figures)


def live(operation):
    return selections.of_release(operation.releases.get(number=1)).narrowed(release=None)


def sentence(selection, language="en") -> str:
    return communique.plain(communique.texts(selection)[language])


def reader(role="") -> Client:
    client = Client()
    if role:
        client.force_login(person(role))
    return client


def page(address="/results/JT-2025/", role="") -> str:
    answer = reader(role).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def seen(text) -> str:
    """The block of the communiqué as one reads it."""
    [block] = re.findall(r'<section[^>]*id="communique".*?</section>', text, re.S)
    return " ".join(re.sub(r"<[^>]*>", "", block).split())


# ------------------------------------------------------------------------------------- places for numbers


@pytest.mark.parametrize(
    ("precision", "said", "words", "kilograms", "holds"),
    [
        ("over", "82", "over 82 tonnes", "81999.999", False),
        ("over", "82", "over 82 tonnes", "82000.000", True),
        ("over", "82", "over 82 tonnes", "82999.999", True),
        ("over", "82", "over 82 tonnes", "83000.000", False),
        ("exact", "169.73", "169.73 tonnes", "169724.999", False),
        ("exact", "169.73", "169.73 tonnes", "169725.000", True),
        ("exact", "169.73", "169.73 tonnes", "169730.000", True),
        ("exact", "169.73", "169.73 tonnes", "169734.999", True),
        ("exact", "169.73", "169.73 tonnes", "169735.000", False),
        ("exact", "170", "170.00 tonnes", "169995.000", True),
        ("exact", "170", "170.00 tonnes", "169994.999", False),
        ("exact", "170", "170 tonnes", "169500.000", True),
        ("rounded", "170", "about 170 tonnes", "164999.999", False),
        ("rounded", "170", "about 170 tonnes", "165000.000", True),
        ("rounded", "170", "about 170 tonnes", "174999.999", True),
        ("rounded", "170", "about 170 tonnes", "175000.000", False),
    ],
)
def test_a_number_holds_at_the_precision_it_was_said_with(precision, said, words, kilograms, holds):
    one = PublishedClaim(
        quantity=Decimal(f"{said}.000" if "." not in said else said), wording=words, precision=precision
    )
    assert one.holds(Decimal(kilograms), Decimal(1000)) is holds


def test_a_count_holds_only_if_it_is_the_same():
    one = PublishedClaim(
        quantity=Decimal("122503.000"), wording="122,503 drug-related cases", precision="exact"
    )
    assert [one.holds(Decimal(number), Decimal(1)) for number in (122502, 122503, 122504)] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("heroin", "precursors", "shown"),
    [
        ("81999.999", "169724.999", ("81", "169.72")),
        ("82000.000", "169725.000", ("82", "169.73")),
        ("82999.999", "169734.999", ("82", "169.73")),
        ("83000.000", "169735.000", ("83", "169.74")),
        ("1482999.000", "1000", ("1,482", "1.00")),
    ],
)
def test_over_is_cut_to_whole_tonnes_and_decimals_are_rounded(heroin, precursors, shown):
    operation = joint_operation("JT-2025", "2025-03-01", "2025-03-31", ["KH-NP"], LEAVES, communique=ENGLISH)
    hand_in(operation, "KH-NP", drugs_heroin=heroin, precursors_other=precursors)
    released(operation, "2025-03", person("publisher"))
    found = sentence(live(operation))
    assert f"over {shown[0]} tonnes of drugs and {shown[1]} tonnes of precursors" in found


def test_a_number_that_nobody_reported_is_said_to_be_missing_and_never_zero():
    operation = joint_operation("JT-2025", "2025-03-01", "2025-03-31", ["KH-NP"], LEAVES, communique=ENGLISH)
    hand_in(operation, "KH-NP", drug_cases="L")
    released(operation, "2025-03", person("publisher"))
    assert "handled [not reported] cases, over 0 tonnes" in sentence(live(operation))


@pytest.mark.parametrize(
    "text", ["{drug cases}", "{drug-cases", "drug-cases}", "{}", "{drug-cases:about t}", "{{drug-cases}}"]
)
def test_a_brace_that_is_no_place_for_a_number_is_refused(text):
    with pytest.raises(ValueError):
        wording.parts(f"Handled {text}.")
    with pytest.raises(ValidationError, match="cannot be read"):
        Operation(communique=f"Handled {text}.").clean()


@pytest.mark.parametrize(
    ("english", "chinese", "sentence"),
    [
        ("{nonsense}", "", "There is no indicator"),
        ("{drugs-seized:over stone}", "", "There is no unit"),
        ("{drug-cases}", "{drug-suspects}", "has not the same numbers"),
        ("{drugs-seized:over t}", "{drugs-seized:0.01 t}", "has not the same numbers"),
        ("{drug-cases} {drug-suspects}", "{drug-cases}", "has not the same numbers"),
    ],
)
def test_an_administrator_is_told_what_is_wrong_with_a_communique(english, chinese, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Operation(communique=english, translations={"zh-hans": {"communique": chinese}}).clean()


# ---------------------------------------------------------------------------------------- both languages


def test_the_meeting_s_paragraph_can_be_read_and_has_the_nine_published_numbers_in_both_languages():
    operation = Operation.objects.get(code="SLM-2025")
    operation.clean()
    claimed = {one.indicator.code for one in queries.claims(operation)}
    for language in ("en", "zh-hans"):
        slots = wording.slots(operation.text("communique", language))
        assert {slot.indicator for slot in slots} == claimed and len(slots) == 9
    assert communique.languages(operation) == ["en", "zh-hans"]


def test_chinese_and_english_have_the_same_numbers(operation):
    english, chinese = (sentence(live(operation), language) for language in ("en", "zh-hans"))
    numbers = re.findall(r"\d[\d,.]*\d|\d", english)
    assert numbers == ["1,234", "82", "169.73", "7"]
    assert re.findall(r"\d[\d,.]*\d|\d", chinese) == numbers
    assert chinese.startswith("侦办毒品案件1,234起，缴获82余吨毒品和169.73吨")


def test_a_language_without_a_paragraph_of_its_own_reads_it_in_english(operation):
    assert list(communique.texts(live(operation))) == ["en", "zh-hans"]
    assert "All parties handled" in seen(page("/vi/results/JT-2025/"))
    assert "侦办毒品案件" in seen(page("/zh-hans/results/JT-2025/"))


# ---------------------------------------------------------------------------------------------- frozen


def test_a_release_keeps_its_paragraph_whatever_the_template_says_later(operation):
    first = operation.releases.get()
    before = communique.texts(selections.of_release(first))
    assert before == first.communique and "1,234" in communique.plain(before["en"])
    Operation.objects.filter(pk=operation.pk).update(communique="Nobody handled {drug-cases} cases.")
    correct(operation, "TH-RTP", drug_cases=40)
    second = released(Operation.objects.get(pk=operation.pk), "2025-03", person("publisher"))
    first.refresh_from_db()
    assert communique.texts(selections.of_release(first)) == before
    assert communique.plain(second.communique["en"]) == "Nobody handled 1,240 cases."


def test_the_database_refuses_to_alter_a_released_paragraph(operation):
    release = operation.releases.get()
    release.communique = {"en": ["All is well."]}
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        release.save(update_fields=["communique"])


def test_a_release_made_before_paragraphs_were_kept_is_filled_from_what_it_pins(operation):
    with as_owner() as cursor:
        cursor.execute("UPDATE operations_release SET communique = '{}'")
    correct(operation, "TH-RTP", drug_cases=40)
    assert "1,234 cases" in sentence(selections.of_release(operation.releases.get()))


def test_an_operation_without_a_template_has_no_paragraph():
    operation = joint_operation("JT-2025", "2025-03-01", "2025-03-31", ["KH-NP"], LEAVES)
    hand_in(operation, "KH-NP")
    release = released(operation, "2025-03", person("publisher"))
    assert release.communique == {} and communique.broken(selections.of_release(release)) == []
    assert 'id="communique"' not in page()
    assert reader().get("/results/JT-2025/communique.docx").status_code == 404


def test_what_does_not_hold_is_known_before_a_release(operation):
    claimed(operation, "drugs-seized", "82", "t", "over 82 tonnes", "over")
    claimed(operation, "drug-cases", "1234", "case", "1,234 cases")
    assert communique.broken(live(operation)) == []
    correct(operation, "KH-NP", drugs_heroin="82500")
    [found] = communique.broken(live(operation))
    assert (found.claim.wording, found.value) == ("over 82 tonnes", Decimal("83000.000"))
    assert communique.broken(selections.of_release(operation.releases.get())) == []
    assert (
        actions.release(
            operation, last_month=months.read("2025-03"), by=person("publisher"), at=RELEASED
        ).communique["en"][3]["text"]
        == "83"
    )


# --------------------------------------------------------------------------------------------- the page


def test_each_number_of_the_page_s_paragraph_leads_to_its_receipt(operation):
    [block] = re.findall(r'<section[^>]*id="communique".*?</section>', page(), re.S)
    found = dict(re.findall(r'indicator=([a-z-]+)">([^<]+)</a>', block))
    assert found == {
        "drug-cases": "1,234", "drugs-seized": "82", "precursors-seized": "169.73", "trafficking-cases": "7",
    }  # fmt: skip
    for address in re.findall(r'href="([^"]*/explain/[^"]*)"', block):
        receipt = reader().get(html.unescape(address)).context
        indicator = receipt["indicator"].code
        total = sum(line["record"].value or 0 for line in receipt["lines"])
        assert total == communique.values(communique.texts(live(operation)))[indicator]


@pytest.mark.parametrize("query", ["?country=TH", "?area=drugs", "?agency=KH-NP"])
def test_a_part_of_the_operation_has_no_paragraph_about_all_of_it(operation, query):
    assert 'id="communique"' not in page(f"/results/JT-2025/{query}")


def test_a_part_of_the_months_has_no_paragraph_about_all_of_them():
    operation = joint_operation("JT-2025", "2025-03-01", "2025-05-31", ["KH-NP"], LEAVES, communique=ENGLISH)
    hand_in(operation, "KH-NP", drug_cases=3)
    released(operation, "2025-04", person("publisher"))
    assert 'id="communique"' in page()
    assert 'id="communique"' not in page("/results/JT-2025/?to=2025-03")
    assert 'id="communique"' not in page("/results/JT-2025/?from=2025-04")


def test_missing_reports_are_told_beside_the_paragraph():
    operation = joint_operation(
        "JT-2025", "2025-03-01", "2025-03-31", ["KH-NP", "TH-RTP"], LEAVES, communique=ENGLISH
    )
    hand_in(operation, "KH-NP", drug_cases=3)
    released(operation, "2025-03", person("publisher"))
    assert "1 of 2 reports are in: each number is at least what stands here." in seen(page())


def test_a_number_that_does_not_hold_is_shown_as_what_does_with_a_note(operation):
    claimed(operation, "drugs-seized", "83", "t", "over 83 tonnes of drugs", "over", said_on="2025-05-05")
    claimed(operation, "trafficking-cases", "7", "case", "7 cases", said_on="2025-05-05")
    text = seen(page())
    assert "over 82 tonnes of drugs" in text
    assert (
        "“over 83 tonnes of drugs”, as said on 5 May 2025, does not hold: the records give 82,500.000 kg."
        in text
    )
    assert "“7 cases”" not in text


def test_the_frozen_text_does_not_move_and_a_note_says_by_how_much_the_records_differ(operation):
    before = seen(page())
    correct(operation, "TH-RTP", drug_cases=40)
    assert seen(page()) == before  # a reader of releases learns nothing of what is not released
    assert "Drug cases investigated: 1,240 cases in what is verified so far, +6 against this text." in seen(
        page("/results/JT-2025/?release=1", "reviewer")
    )
    released(operation, "2025-03", person("publisher"))
    old, new = seen(page("/results/JT-2025/?release=1")), seen(page())
    assert "1,234 cases, over 82 tonnes" in old and "1,240 cases, over 82 tonnes" in new
    assert "Drug cases investigated: 1,240 cases in release 2, +6 against this text." in old
    assert "against this text" not in new


def test_the_live_paragraph_says_that_it_still_changes(operation):
    correct(operation, "TH-RTP", drug_cases=40)
    text = seen(page("/results/JT-2025/?release=live", "reviewer"))
    assert "handled 1,240 cases" in text and "Verified so far and not released" in text


# ------------------------------------------------------------------------------------------ taken away


def document(address="/results/JT-2025/communique.docx", role="") -> bytes:
    answer = reader(role).get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return answer.content


def paragraphs(document: bytes) -> list[str]:
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        assert package.testzip() is None
        for name in package.namelist():
            ElementTree.fromstring(package.read(name))
        body = ElementTree.fromstring(package.read("word/document.xml"))
    return ["".join(one.text for one in each.iter(f"{space}t")) for each in body.iter(f"{space}p")]


def test_the_document_has_the_frozen_words_their_source_and_their_address(operation):
    found = paragraphs(document("/results/JT-2025/communique.docx?release=1"))
    assert found[:2] == ["JT-2025", sentence(live(operation))]
    assert found[2:4] == [
        "As published with release 1 on 27 January 2026; these words stay.",
        "http://testserver/results/JT-2025/?release=1",
    ]
    chinese = paragraphs(document("/zh-hans/results/JT-2025/communique.docx"))
    assert chinese[1] == sentence(live(operation), "zh-hans")


def test_the_document_never_tells_what_is_not_released(operation):
    before = document("/results/JT-2025/communique.docx?release=1", "reviewer")
    correct(operation, "TH-RTP", drug_cases=40)
    assert document("/results/JT-2025/communique.docx?release=1", "reviewer") == before
    released(operation, "2025-03", person("publisher"))
    after = paragraphs(document("/results/JT-2025/communique.docx?release=1"))
    assert after[1] == paragraphs(before)[1]
    assert "Drug cases investigated: 1,240 cases in release 2, +6 against this text." in after


def test_names_that_xml_would_read_as_its_own_are_text():
    made = docx.document([("Normal", "a & b <c> \x0b “d”")], title="<&>", language="en")
    assert paragraphs(made) == ["a & b <c> \ufffd “d”"]


@pytest.mark.skipif(
    not shutil.which("soffice"), reason="no LibreOffice: apt install libreoffice-writer-nogui"
)
def test_libreoffice_reads_the_document(operation, tmp_path):
    path = tmp_path / "communique.docx"
    path.write_bytes(document("/zh-hans/results/JT-2025/communique.docx"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    asked = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "txt:Text (encoded):UTF8",
        "--outdir",
        tmp_path,
        path,
    ]
    subprocess.run(asked, check=True, capture_output=True, timeout=120)
    read = (tmp_path / "communique.txt").read_text(encoding="utf-8-sig").splitlines()
    assert sentence(live(operation), "zh-hans") in read


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_text_is_copied_with_its_notes(operation, browser, live_server):
    claimed(operation, "drugs-seized", "83", "t", "over 83 tonnes of drugs", "over", said_on="2025-05-05")
    context = browser.new_context(base_url=live_server.url, permissions=["clipboard-read", "clipboard-write"])
    try:
        tab = context.new_page()
        tab.goto("/results/JT-2025/")
        tab.get_by_role("button", name="Copy as text").first.click()
        tab.get_by_text("Copied.").wait_for()
        copied = tab.evaluate("navigator.clipboard.readText()")
    finally:
        context.close()
    assert copied.startswith(sentence(live(operation)))
    assert "“over 83 tonnes of drugs”, as said on 5 May 2025, does not hold" in copied


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_without_a_script_there_is_no_button_that_does_nothing(operation, browser, live_server):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    try:
        tab = context.new_page()
        tab.goto("/results/JT-2025/")
        assert tab.locator("#communique").is_visible()
        assert not tab.get_by_role("button", name="Copy as text").first.is_visible()
    finally:
        context.close()
