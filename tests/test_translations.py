"""The six catalogues: complete, with the same placeholders, and what a reader of each language gets to see."""

import io
import re
import unicodedata
from pathlib import Path

import django
import pytest
from babel.messages.checkers import python_format
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from django.utils.translation import override
from django.utils.translation.template import templatize

LANGUAGES = {"zh-hans": "zh_Hans", "km": "km", "lo": "lo", "my": "my", "th": "th", "vi": "vi"}
SIGN_IN = {
    "zh-hans": "登录",
    "km": "ចូលគណនី",
    "lo": "ເຂົ້າສູ່ລະບົບ",
    "my": "အကောင့်ဝင်ရန်",
    "th": "เข้าสู่ระบบ",
    "vi": "Đăng nhập",
}
GETTEXT = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}
COMMANDS_ONLY = {"importing.py", "layouts.py", "merging.py", "profiles.py", "management"}  # in English
# Of {{ name }} in a template, gettext sees %(name)s too.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")
MARKUP = re.compile(r"</?\w+>|&\w+;")


@pytest.fixture(scope="module")
def catalogues():
    """Language → its messages, without the header."""
    read = {}
    for language, folder in LANGUAGES.items():
        path = settings.BASE_DIR / "locale" / folder / "LC_MESSAGES" / "django.po"
        with path.open("rb") as file:
            read[language] = [message for message in read_po(file, abort_invalid=True) if message.id]
    return read


@pytest.fixture(params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture
def messages(catalogues, language):
    return catalogues[language]


def singular(message):
    return message.id if isinstance(message.id, str) else message.id[0]


def extracted(path):
    """The sentences that a file of Python or a template says through gettext; of a plural, the singular."""
    text = path.read_text()
    if path.suffix == ".html":
        text = "\n".join(line.strip() for line in templatize(text).splitlines())
    found = extract_python(io.BytesIO(text.encode()), GETTEXT, [], {"encoding": "utf-8"})
    said = (one if isinstance(one, str) else one and one[0] for _line, _name, one, _comments in found)
    return set(filter(None, said))  # a word that is not written there is asked for elsewhere


def texts(message):
    return [message.string] if isinstance(message.string, str) else list(message.string)


# ------------------------------------------------------------------------------------- the catalogues


def test_every_sentence_is_translated(messages):
    assert [singular(one) for one in messages if not all(texts(one))] == []


def test_no_translation_is_a_guess_of_gettext(messages):
    assert [singular(one) for one in messages if one.fuzzy] == []


def test_all_languages_have_the_same_sentences(catalogues, language):
    wanted = {one.id for one in catalogues["km"]}
    assert {one.id for one in catalogues[language]} == wanted


def test_the_placeholders_of_a_translation_are_those_of_the_sentence(messages):
    wrong = []
    for message in messages:
        forms = [message.id] if isinstance(message.id, str) else message.id
        allowed = [set(PLACEHOLDER.findall(form)) for form in forms]
        wrong += [text for text in texts(message) if set(PLACEHOLDER.findall(text)) not in allowed]
        python_format(None, message)
    assert wrong == []


def test_the_markup_of_a_translation_is_that_of_the_sentence(messages):
    wrong = [
        text
        for message in messages
        for text in texts(message)
        if sorted(MARKUP.findall(text)) != sorted(MARKUP.findall(singular(message)))
    ]
    assert wrong == []


def test_translations_are_composed_characters_without_invisible_ones(messages):
    wrong = [
        text
        for message in messages
        for text in texts(message)
        if text != unicodedata.normalize("NFC", text) or re.search("[\u200b-\u200f\u2060\ufeff]", text)
    ]
    assert wrong == []


def test_what_the_code_and_the_templates_say_is_in_the_catalogues(catalogues):
    said = set()
    for folder, pattern in [("operations", "**/*.py"), ("lmlecc", "**/*.py"), ("templates", "**/*.html")]:
        for path in (settings.BASE_DIR / folder).glob(pattern):
            if not COMMANDS_ONLY & set(path.parts) and "migrations" not in path.parts:
                said |= extracted(path)
    assert said == {singular(one) for one in catalogues["km"]}, "make messages, then translate"


def test_the_sentences_taken_from_django_are_still_those_of_django():
    theirs = set()
    for folder in ["conf", "contrib/auth"]:
        with (Path(django.__file__).parent / folder / "locale/en/LC_MESSAGES/django.po").open("rb") as file:
            theirs |= {singular(one) for one in read_po(file) if one.id}
    assert extracted(settings.BASE_DIR / "lmlecc" / "django_words.py") <= theirs


# ------------------------------------------------------------------------------------------- the pages


def test_a_page_speaks_the_language_of_its_address(client, db, language):
    page = client.get(f"/{language}/accounts/login/").content.decode()
    assert re.search(rf'<html lang="{language}"', page, re.IGNORECASE)
    assert re.search(rf"<h1[^>]*>\s*{SIGN_IN[language]}\s*</h1>", page)


def test_a_wrong_password_is_refused_in_the_language_of_the_reader(client, db, language):
    wrong = {"username": "nobody", "password": "wrong"}
    with override(language):
        page = client.post(f"/{language}/accounts/login/", wrong)
        (sentence,) = page.context["form"].non_field_errors()
        assert str(sentence) in page.content.decode()
    assert "password" not in sentence


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The demonstration in the database, for the tests of this file only; they change nothing."""
    with django_db_blocker.unblock(), override_settings(DEMO=True), transaction.atomic():
        call_command("load_demonstration", verbosity=0)
        yield
        transaction.set_rollback(True)


def headlines(client, address):
    """The digits of each headline figure of a page of results, in the page's order, without their grouping."""
    areas = client.get(address).context["areas"]
    return [re.sub(r"[^0-9]", "", tile["value"]) for area in areas for tile in area["tiles"]]


def test_the_numbers_are_the_same_in_every_language(client, loaded, settings, language):
    settings.PUBLIC_RESULTS = True
    english = headlines(client, "/")
    assert "122503" in english
    assert headlines(client, f"/{language}/") == english


def test_no_sentence_hides_behind_a_name_that_is_not_gathered():
    for path in [*(settings.BASE_DIR / "operations").rglob("*.py"), *(settings.BASE_DIR / "lmlecc").rglob("*.py")]:
        assert not re.search(r"\bgettext\w* as (?!_\b)", path.read_text()), path.name
