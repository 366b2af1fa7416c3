"""The briefing: one page for any selection and in any language, saying what the results say, to the last digit."""

import json
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings
from django.utils.translation import override
from fontTools.ttLib import TTFont
from stories import joint_operation, person, released, report, verified

from operations import months, queries
from operations.models import Agency, Country, Indicator, Release
from operations.results import briefing
from operations.results.tables import Board, amount
from operations.selections import Selection
from operations.templatetags.show import figure, month_short

FONTS = settings.BASE_DIR / "templates" / "fonts"
pytestmark = pytest.mark.django_db
READS_PDF = pytest.mark.skipif(
    not (shutil.which("pdftotext") and shutil.which("pdfinfo")),
    reason="no pdftotext: apt install poppler-utils",
)
LANGUAGES = [code for code, _name in settings.LANGUAGES]
HERE = "/results/SLM-2025/briefing.pdf"
FILTERS = [
    "",
    "country=TH",
    "country=LA&country=VN&country=KH",
    "agency=LA-MND",
    "area=drugs",
    "area=scam&area=trafficking",
    "from=2025-02&to=2025-02",
    "from=2025-03&to=2025-08&country=CN&area=scam",
    "indicator=drugs-heroin",
    "indicator=drugs-seized&country=MM",
    "as_of=2025-03-01T00:00Z",
    "as_of=2025-07-12T00:00Z&area=drugs",
]
EVERY_SCRIPT = "Heroin 海洛因 ហេរ៉ូអ៊ីន ເຮໂຣອີນ ဘိန်းဖြူ เฮโรอีน Hê-rô-in"
MARKUP = '#panic("x") *bold* $x$ `raw` = head \\ [y] #read("/etc/passwd") <a> @b // c'


@pytest.fixture(scope="module")
def demonstration(django_db_setup, django_db_blocker):
    """The demonstration in the database, for the tests of this file only; they change nothing."""
    with django_db_blocker.unblock(), override_settings(DEMO=True, PUBLIC_RESULTS=True), transaction.atomic():
        call_command("load_demonstration", verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def selection(demonstration):
    release = Release.objects.get()
    return Selection(release.operation, release, release.operation.first_month, release.last_month)


@pytest.fixture
def story(settings):
    """February (partial) is in, with nothing but zeros from Cambodia; March lacks Laos; of April nothing is in."""
    settings.PUBLIC_RESULTS = True
    operation = joint_operation(
        "JT", "2025-02-26", "2025-04-30", ["KH-NP", "LA-MPS"], ["drug-cases", "drugs-heroin"], name=MARKUP
    )
    hand_in(operation, "KH-NP", "2025-02")
    hand_in(operation, "LA-MPS", "2025-02", drug_cases=7, drugs_heroin="1.125")
    hand_in(operation, "KH-NP", "2025-03", drug_cases=1234)
    released(operation, "2025-04", person("publisher"))
    return operation


def hand_in(operation, agency, month, **figures):
    return verified(
        report(operation, agency, month), person("officer", agency), person("reviewer"), **figures
    )


def content(selection, language="en", **more) -> dict:
    with override(language):
        told = {
            "as_of": "now",
            "superseded_by": None,
            "reports": (77, 77),
            "site": "https://figures.example.org",
        }
        return briefing.content(Board(selection), **told | more)


def fetched(query="", address=HERE, language="en", person=None) -> bytes:
    client = Client()
    if person:
        client.force_login(person)
    answer = client.get(("" if language == "en" else f"/{language}") + f"{address}?{query}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    return answer.content


def read(pdf: bytes, *options) -> str:
    return subprocess.run(
        ["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


def told_of(pdf: bytes, tmp_path, *options) -> str:
    path = tmp_path / "briefing.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdfinfo", *options, path], capture_output=True, check=True, text=True).stdout


def texts(value):
    """Every text in what a page says, addresses left out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("href", "address", "site_address"):
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


# -------------------------------------------------------------------------------------------- the numbers


def test_headlines_are_the_totals(selection):
    totals = {one.indicator: one for one in queries.totals(selection)}
    indicators = Indicator.objects.filter(parent=None).select_related("unit")
    with override("en"):
        wanted = {amount(totals[one.code].value, one) for one in indicators if one.code in totals}
    tiles = [tile for area in content(selection)["areas"] for tile in area["tiles"]]
    assert {(tile["value"], tile["unit"]) for tile in tiles} == wanted
    assert len(tiles) == 9


@READS_PDF
def test_each_row_on_paper_is_a_headline_by_country(selection):
    """The numbers of the printed table, row after row, are those of the one sum there is."""
    paper = read(fetched(), "-layout")
    table = paper[paper.index("By country") : paper.index("Which reports are in")]
    printed = [re.findall(r"[\d.,]*\d", line) for line in table.splitlines()]
    by_country = {(one.indicator, one.country): one.value for one in queries.totals(selection, ("country",))}
    totals = {one.indicator: one.value for one in queries.totals(selection)}
    headlines = Indicator.objects.filter(parent=None, code__in=totals).order_by("area__position", "position")
    countries = [
        one.code for one in Country.objects.filter(agencies__operations=selection.operation).distinct()
    ]
    with override("en"):
        wanted = [
            [figure(by_country[one.code, country], one.decimals) for country in countries]
            + [figure(totals[one.code], one.decimals)]
            for one in headlines
        ]
    assert [row for row in printed if row] == wanted


@READS_PDF
def test_english_and_chinese_say_the_same_numbers(demonstration):
    """All that is printed; a Chinese month is a number and an English one a word."""
    pages = [read(fetched(language=language)) for language in ("en", "zh-hans")]
    found = [
        re.findall(r"\d[\d.,]*", re.sub(r"\d+月|https?:\S+(?:\s*release=1)?", " ", page)) for page in pages
    ]
    english, chinese = (Counter(number.strip(".,") for number in numbers) for numbers in found)
    assert english == chinese
    assert english["122,503"] > 2 and english["82.41"] == 1 and english["169,730.000"] == 1


def test_columns_add_up_to_the_month(selection):
    drawn = content(selection)["charts"][1]
    highest = drawn["lines"][-1]["text"]
    by_month = {
        one.month: one.value for one in queries.totals(selection, ("month",)) if one.indicator == "drug-cases"
    }
    heights = [round(sum(one["parts"]) * int(highest.replace(",", ""))) for one in drawn["months"]]
    assert heights == [int(by_month[one]) for one in months.span(selection.first, selection.last)]


@pytest.mark.parametrize(
    ("highest", "decimals", "lines"),
    [
        ("0", 0, ["0", "1"]),
        ("1", 0, ["0", "1"]),
        ("7", 0, ["0", "2", "4", "6", "8"]),
        ("1027", 0, ["0", "500", "1000", "1500"]),
        ("13665", 0, ["0", "5000", "10000", "15000"]),
        ("0.004", 3, ["0", "0.001", "0.002", "0.003", "0.004"]),
    ],
)
def test_gridlines_are_even_and_round(highest, decimals, lines):
    found = briefing._lines(Decimal(highest), decimals)
    assert [f"{one.normalize():f}" for one in found] == lines


@READS_PDF
def test_a_number_stands_beside_that_of_the_year_before_where_the_page_has_it(settings):
    settings.PUBLIC_RESULTS = True
    for year, cases in ((2024, 40), (2025, 50)):
        operation = joint_operation(f"JT-{year}", f"{year}-03-01", f"{year}-03-31", ["KH-NP"], ["drug-cases"])
        hand_in(operation, "KH-NP", f"{year}-03", drug_cases=cases)
        released(operation, f"{year}-03", person("publisher"))
    now = " ".join(read(fetched(address="/results/JT-2025/briefing.pdf")).split())
    assert re.search(r"\b50\b.* on 2024: 40\b", now) and "25.0%" in now
    assert " on 20" not in read(fetched(address="/results/JT-2024/briefing.pdf"))


# ------------------------------------------------------------------------------------- nothing, zero, at least


def test_missing_is_no_column_and_zero_is_one_of_no_height(story):
    release = Release.objects.get(operation=story)
    drawn = content(Selection(story, release, story.first_month, release.last_month))["charts"][0]
    february, march, april = drawn["months"]
    assert february["partial"] and not march["partial"]
    assert february["parts"][0] == 0 < february["parts"][1]
    assert march["parts"][0] > 0 == march["parts"][1]
    assert april["parts"] is None


@READS_PDF
def test_an_incomplete_sum_says_at_least_and_a_complete_one_does_not(story):
    paper = " ".join(read(fetched(address="/results/JT/briefing.pdf")).split())
    assert "at least 1,241" in paper and "≥ 1,241" in paper and "3 of 6 reports" in paper
    complete = read(fetched("to=2025-02", "/results/JT/briefing.pdf"))
    assert "at least" not in complete and "≥" not in complete and "2 of 2 reports" in complete


@READS_PDF
def test_a_selection_without_a_report_shows_no_number_and_no_zero(story):
    paper = read(fetched("from=2025-04", "/results/JT/briefing.pdf"))
    assert "not reported" in paper and "No report of these months is in." in paper
    assert not re.search(r"^0$", paper, re.M)
    assert paper.count("\f") == 1


# ------------------------------------------------------------------------------------------------ one page


@READS_PDF
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_one_page_in_every_language(demonstration, language):
    assert read(fetched(language=language)).count("\f") == 1


@READS_PDF
@pytest.mark.parametrize("query", FILTERS)
def test_it_is_one_page_for_every_selection(demonstration, query):
    someone = person("reviewer") if "as_of" in query else None
    paper = read(fetched(query, person=someone, language="my"))
    assert paper.count("\f") == 1
    assert "LMLECC" in paper


@READS_PDF
def test_it_is_one_page_with_many_areas_countries_agencies_and_months(selection):
    """More than any operation has: the letters grow smaller, and nothing is left out."""
    said = content(selection)
    said["areas"] = [area | {"label": f"Area {number}"} for number, area in enumerate(said["areas"] * 4)]
    said["countries"] = said["countries"] * 3
    for area in said["table"]["areas"]:
        for row in area["rows"]:
            row["cells"] = row["cells"] * 3
    said["table"]["areas"] = said["table"]["areas"] * 3
    for chart in said["charts"]:
        chart["months"] = [
            one | {"parts": [share / 3 for share in one["parts"] * 3]} for one in chart["months"] * 4
        ]
    said["coverage"]["months"] = said["coverage"]["months"] * 4
    said["coverage"]["rows"] = [row | {"cells": row["cells"] * 4} for row in said["coverage"]["rows"] * 4]
    paper = read(briefing.pdf(said))
    assert paper.count("\f") == 1
    assert "Area 11" in paper and "Source: Lancang" in paper
    assert Counter(re.findall(r"\d[\d.,]*\d", paper))["169,730.000"] == 3


# ----------------------------------------------------------------------------------------------- seven scripts


@pytest.fixture(scope="module")
def glyphs() -> set[int]:
    """The characters that the fonts of the briefing have between them, in their regular weight."""
    return {
        code
        for path in sorted(FONTS.glob("*/400.ttf"))
        for code in TTFont(path).getBestCmap()
    }


def missing(text: str, glyphs: set[int]) -> set[str]:
    unseen = ("Cc", "Cf", "Zl", "Zp")
    shown = {one for one in unicodedata.normalize("NFC", text) if unicodedata.category(one) not in unseen}
    return {one for one in shown if ord(one) not in glyphs}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fonts_have_every_character_of_a_page(selection, glyphs, language):
    assert missing("".join(texts(content(selection, language))), glyphs) == set()


def test_the_fonts_have_every_character_of_the_catalogue_and_of_the_translations(glyphs):
    folder = settings.BASE_DIR
    named = [
        path.read_text()
        for path in (folder / "fixtures" / "catalogue.json", folder / "fixtures" / "operations.json")
    ]
    translated = [path.read_text() for path in folder.glob("locale/*/LC_MESSAGES/django.po")]
    assert missing("".join(named + translated), glyphs) == set()


def test_bold_has_what_regular_has():
    for path in sorted(FONTS.glob("*/700.ttf")):
        assert TTFont(path).getBestCmap().keys() == TTFont(path.with_name("400.ttf")).getBestCmap().keys()


def test_the_page_asks_for_every_font_there_is():
    """A family that the template does not name would never be taken, and nothing would say so."""
    asked = (settings.BASE_DIR / "templates" / "briefing.typ").read_text()
    families = {
        TTFont(path)["name"].getDebugName(1) for path in FONTS.glob("*/*.ttf")
    }
    assert len(families) == 8
    assert [family for family in families if f'"{family}"' not in asked] == []
    assert all((path.parent / "LICENSE").exists() for path in FONTS.glob("*/*.ttf"))


@READS_PDF
@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_all_seven_scripts_stand_on_a_page_of_any_language(story, glyphs, language):
    Country.objects.filter(code__in=["KH", "LA"]).update(name=EVERY_SCRIPT, translations={})
    Agency.objects.filter(code="KH-NP").update(name=EVERY_SCRIPT, short_name=EVERY_SCRIPT, translations={})
    Indicator.objects.filter(code="drug-cases").update(name=EVERY_SCRIPT, short_name="", translations={})
    paper = read(fetched(address="/results/JT/briefing.pdf", language=language))
    assert paper.count("\f") == 1
    assert "海洛因" in paper and "Hê-rô-in" in paper and "\ufffd" not in paper
    assert missing(EVERY_SCRIPT, glyphs) == set()


def test_the_short_name_of_a_month_is_of_the_language_asked_whatever_was_asked_before():
    names = {
        "zh-hans": "2月",
        "en": "Feb",
        "km": "កុម្ភៈ",
        "lo": "ກ.ພ.",
        "my": "ဖေ",
        "th": "ก.พ.",
        "vi": "thg 2",
    }
    for language, name in names.items():
        with override(language):
            assert month_short(date(2025, 2, 1)) == name


# ------------------------------------------------------------------------------------------- what stands on it


@READS_PDF
def test_names_are_text_and_never_markup(story):
    paper = read(fetched(address="/results/JT/briefing.pdf"))
    assert MARKUP in " ".join(paper.split())


@READS_PDF
def test_it_says_which_release_how_complete_and_where_it_lives(demonstration, tmp_path):
    pdf = fetched("area=drugs&country=TH")
    paper = " ".join(read(pdf).split())
    for words in (
        "Release 1, 27 January 2026",
        "11 of 11 reports",
        "As of 27 January 2026",
        "Demonstration: these figures",
    ):
        assert words in paper
    addresses = told_of(pdf, tmp_path, "-url")
    assert "http://testserver/results/SLM-2025/?release=1&country=TH&area=drugs\n" in addresses
    assert "explain/?release=1&country=TH&indicator=drug-cases\n" in addresses


@READS_PDF
def test_it_is_tagged_and_has_its_title(demonstration, tmp_path):
    told = told_of(fetched(), tmp_path)
    assert (
        re.search(r"Tagged: +yes", told)
        and "Title:           Safe Lancang–Mekong 2025: results · Briefing" in told
    )
    assert re.search(r"Page size: .*A4", told)


@READS_PDF
def test_a_live_page_says_so_and_lists_what_is_missing(demonstration):
    paper = read(fetched("release=live", "/results/SLM-2026/briefing.pdf", person=person("reviewer")))
    assert "Live: verified so far" in paper and "Reports are still missing for" in paper


@READS_PDF
def test_a_superseded_release_says_which_one_is_newer(story):
    released(story, "2025-04", person("publisher"))
    old = read(fetched("release=1", "/results/JT/briefing.pdf"))
    assert "superseded by release 2" in " ".join(old.split())
    assert "superseded" not in read(fetched("", "/results/JT/briefing.pdf"))


def test_it_opens_in_the_browser_and_is_kept_nowhere(story):
    answer = Client().get("/results/JT/briefing.pdf")
    assert answer["Content-Disposition"] == 'inline; filename="JT-release-1-briefing.pdf"'
    assert answer["Cache-Control"] == "private, no-store"


def test_the_results_page_leads_to_the_same_selection_on_paper(story):
    page = unescape(Client().get("/vi/results/JT/?to=2025-03&country=LA").content.decode())
    assert 'href="/vi/results/JT/briefing.pdf?release=1&to=2025-03&country=LA"' in page


def test_several_at_once_are_set_one_after_the_other(selection):
    said = content(selection.narrowed(areas=("drugs",)))
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(briefing.pdf, [said] * 4))
    assert len(set(made)) == 1 and made[0].startswith(b"%PDF-")


def test_its_colours_are_those_of_the_site():
    site = (settings.BASE_DIR / "static" / "site.css").read_text().split("prefers-color-scheme: dark")[0]
    paper = (settings.BASE_DIR / "templates" / "briefing.typ").read_text()
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", site))
    colours = dict(re.findall(r'(?:let )?([A-Za-z-]+)(?: =|:) rgb\("(#[0-9a-f]{6})"\)', paper))
    names = {"line-colour": "line"} | {
        code: f"country-{code.lower()}" for code in ("KH", "CN", "LA", "MM", "TH", "VN")
    }
    names |= {code: f"area-{code}" for code in ("scam", "drugs", "trafficking")}
    assert len(colours) > 15
    assert {name: colour for name, colour in colours.items() if tokens[names.get(name, name)] != colour} == {}


def test_what_a_page_says_is_plain(selection):
    """Text, numbers and lists alone, as JSON has them."""
    said = content(selection)
    assert json.loads(json.dumps(said)) == said
