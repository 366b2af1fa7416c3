"""The catalogue as it is delivered: the codes promised to others, in words that readers of seven languages know."""

import unicodedata

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from operations import queries
from operations.models import Agency, Country, Factor, FocusArea, Indicator, Operation, PublishedClaim, Unit

pytestmark = pytest.mark.django_db

LANGUAGES = [code for code, _name in settings.LANGUAGES]
PLACES = {"case": 0, "person": 0, "kg": 3}

# The contract's table: indicator, area, unit, what is entered for it.
TREE = [
    ("scam-cases", "scam", "case", ["scam-cases-fraud", "scam-cases-gambling"]),
    ("scam-suspects", "scam", "person", ["scam-suspects-fraud", "scam-suspects-gambling"]),
    ("drug-cases", "drugs", "case", []),
    ("drug-suspects", "drugs", "person", []),
    ("drugs-seized", "drugs", "kg", [
        "drugs-methamphetamine-tablets", "drugs-methamphetamine-crystal", "drugs-heroin", "drugs-opium",
        "drugs-ketamine", "drugs-cannabis", "drugs-ecstasy", "drugs-other",
    ]),
    ("precursors-seized", "drugs", "kg", ["precursors-scheduled", "precursors-other"]),
    ("trafficking-cases", "trafficking", "case", []),
    ("trafficking-suspects", "trafficking", "person", []),
    ("trafficking-victims", "trafficking", "person", [
        "trafficking-victims-women", "trafficking-victims-men", "trafficking-victims-girls",
        "trafficking-victims-boys", "trafficking-victims-unstated",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "area", "unit", "entered"), TREE)
def test_an_indicator_is_the_sum_that_the_contract_says(code, area, unit, entered):
    family = [Indicator.objects.get(code=each) for each in (code, *entered)]
    assert list(family[0].children.values_list("code", flat=True)) == entered
    assert {(one.area.code, one.unit.code, one.decimals) for one in family} == {(area, unit, PLACES[unit])}


def test_there_is_no_indicator_beside_the_contract():
    named = {code for row in TREE for code in (row[0], *row[3])}
    assert named == set(Indicator.objects.values_list("code", flat=True))


def test_headline_numbers_stand_in_the_order_of_the_published_text():
    headlines = Indicator.objects.filter(parent=None).order_by("area__position", "position")
    assert [indicator.code for indicator in headlines] == [row[0] for row in TREE]


def test_countries_and_agencies_stand_in_the_order_of_the_centre():
    assert [country.name for country in Country.objects.all()] == [
        "Cambodia", "China", "Laos", "Myanmar", "Thailand", "Vietnam",
    ]  # fmt: skip
    assert [agency.code for agency in Agency.objects.all()] == [
        "KH-NP", "CN-MPS", "LA-MPS", "LA-MND", "MM-MHA", "TH-RTP", "VN-MPS",
    ]  # fmt: skip


@pytest.mark.parametrize("agency", ["KH-NP", "CN-MPS", "LA-MPS", "LA-MND", "MM-MHA", "TH-RTP", "VN-MPS"])
def test_an_agency_belongs_to_the_country_of_its_code(agency):
    assert Agency.objects.get(code=agency).country.code == agency[:2]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [Country, Agency, FocusArea, Unit, Indicator, Operation])
def test_everything_has_a_name_in_every_language(kind, language):
    for thing in kind.objects.all():
        assert language == "en" or thing.translations[language]["name"], thing.code
        assert thing.text("name", language)


def test_no_two_indicators_have_the_same_name():
    for language in LANGUAGES:
        names = [indicator.text("name", language) for indicator in Indicator.objects.all()]
        assert len(names) == len(set(names)), language


def test_texts_are_composed_and_have_no_invisible_characters():
    for kind in (Country, Agency, FocusArea, Unit, Indicator, Operation):
        for thing in kind.objects.all():
            for text in (text for texts in thing.translations.values() for text in texts.values()):
                assert text == unicodedata.normalize("NFC", text).strip(), (thing.code, text)
                assert not {"\u200b", "\u200c", "\u200d", "\ufeff"} & set(text), (thing.code, text)


SCRIPTS = {"zh-hans": "CJK", "km": "KHMER", "lo": "LAO", "my": "MYANMAR", "th": "THAI", "vi": "LATIN"}


@pytest.mark.parametrize("language", list(SCRIPTS))
def test_a_name_is_written_in_the_script_of_its_language(language):
    for kind in (Country, Agency, FocusArea, Indicator, Operation):
        for thing in kind.objects.all():
            letters = {unicodedata.name(c).split()[0] for c in thing.text("name", language) if c.isalpha()}
            assert letters <= {SCRIPTS[language], "LATIN"} and SCRIPTS[language] in letters, thing.code


def test_every_indicator_says_what_is_counted_and_how():
    for indicator in Indicator.objects.all():
        assert indicator.definition and indicator.counting_rule, indicator.code


def test_every_figure_that_is_entered_has_a_size_from_which_it_is_impossible():
    assert all(leaf.impossible_from == 10_000_000 for leaf in Indicator.objects.leaves())


def test_suspects_know_their_cases():
    suspects = Indicator.objects.leaves().filter(code__contains="suspects")
    assert {one.code: one.cases.code for one in suspects} == {
        "scam-suspects-fraud": "scam-cases-fraud",
        "scam-suspects-gambling": "scam-cases-gambling",
        "drug-suspects": "drug-cases",
        "trafficking-suspects": "trafficking-cases",
    }


def test_every_operation_enters_all_leaves_by_all_agencies():
    for operation in Operation.objects.all():
        assert operation.indicators.count() == Indicator.objects.leaves().count() == 23
        assert operation.agencies.count() == 7
        assert operation.is_demonstration


def test_reports_are_expected_before_anyone_types():
    assert Operation.objects.get(code="SLM-2025").reports.count() == 77
    assert Operation.objects.get(code="SLM-2026").reports.count() == 84


def test_the_first_month_of_2025_is_partial():
    operation = Operation.objects.get(code="SLM-2025")
    assert operation.is_partial(operation.first_month)
    assert not operation.is_partial(operation.last_month)


@pytest.mark.parametrize(
    ("indicator", "unit", "factor"),
    [
        ("drugs-methamphetamine-tablets", "tablet", "0.00009"),
        ("drugs-ecstasy", "tablet", "0.00027"),
        ("drugs-heroin", "g", "0.001"),
        ("precursors-other", "t", "1000"),
        ("precursors-scheduled", "litre", "1"),
        ("drugs-other", "litre", "1"),
        ("drugs-heroin", "tablet", None),
        ("drug-cases", "g", None),
    ],
)
def test_units_convert_only_where_a_factor_has_a_source(indicator, unit, factor):
    operation = Operation.objects.get(code="SLM-2025")
    found = queries.factors(queries.leaves(operation), operation.first_month).get((indicator, unit))
    assert (f"{found.factor.normalize():f}" if found else None) == factor


def test_every_factor_names_its_source():
    assert all(factor.source for factor in Factor.objects.all())


def test_the_published_numbers_are_on_record():
    said = PublishedClaim.objects.order_by("indicator__area__position", "indicator__position")
    assert [(one.indicator.code, f"{one.quantity.normalize():f}", one.unit.code, one.precision) for one in said] == [
        ("scam-cases", "8012", "case", "exact"),
        ("scam-suspects", "14047", "person", "exact"),
        ("drug-cases", "122503", "case", "exact"),
        ("drug-suspects", "139956", "person", "exact"),
        ("drugs-seized", "82", "t", "over"),
        ("precursors-seized", "169.73", "t", "exact"),
        ("trafficking-cases", "1017", "case", "exact"),
        ("trafficking-suspects", "718", "person", "exact"),
        ("trafficking-victims", "1469", "person", "exact"),
    ]


ROLES = {
    "officer": {"enter_figures", "see_coverage", "read_released", "download_released"},
    "reviewer": {"review_reports", "see_coverage", "read_released", "download_released"},
    "publisher": {"release_operations", "see_coverage", "read_released", "download_released"},
    "official": {"see_coverage", "read_released", "download_released"},
    "analyst": {"read_released", "download_released"},
}


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_has_the_rights_of_the_product_paper(role):
    assert set(Group.objects.get(name=role).permissions.values_list("codename", flat=True)) == ROLES[role]


def test_an_administrator_keeps_the_catalogue_and_sees_no_unreleased_figure():
    rights = set(Group.objects.get(name="administrator").permissions.values_list("codename", flat=True))
    assert {"add_indicator", "change_operation", "add_person", "view_group", "read_released"} <= rights
    assert not rights & set().union(*(ROLES[role] for role in ROLES)) - {"read_released"}
    assert not any(right.startswith("delete_") for right in rights)


def test_loading_again_changes_nothing():
    before = [kind.objects.count() for kind in (Indicator, Factor, Operation, PublishedClaim, Group)]
    with CaptureQueriesContext(connection) as asked:
        call_command("load_catalogue", verbosity=0)
    assert [kind.objects.count() for kind in (Indicator, Factor, Operation, PublishedClaim, Group)] == before
    assert not [query for query in asked if query["sql"].startswith(("UPDATE", "DELETE"))]


def test_loading_again_keeps_what_an_administrator_changed():
    Operation.objects.filter(code="SLM-2026").update(due_day=15)
    Country.objects.filter(code="KH").update(name="Kingdom of Cambodia")
    call_command("load_catalogue", verbosity=0)
    assert Operation.objects.get(code="SLM-2026").due_day == 15
    assert Country.objects.get(code="KH").name == "Kingdom of Cambodia"


def test_loading_again_adds_what_is_missing():
    PublishedClaim.objects.filter(indicator__code="drug-cases").delete()
    Factor.objects.filter(indicator__code="drugs-ecstasy").delete()
    call_command("load_catalogue", verbosity=0)
    assert PublishedClaim.objects.filter(indicator__code="drug-cases").exists()
    assert Factor.objects.filter(indicator__code="drugs-ecstasy").exists()
