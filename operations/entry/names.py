"""What a row, a column, a unit, a mark or a month may be called by whoever made a table, in any of the languages."""

import re
import unicodedata
from collections import defaultdict
from datetime import date
from functools import cache, cached_property

from babel import Locale
from django.conf import settings
from django.utils.translation import gettext, gettext_noop, override, to_locale

from .. import queries
from ..models import Indicator, Mark, Operation, Unit

BUDDHIST_FROM, BUDDHIST_ERA = 2400, 543
LONGEST, LONGEST_HEADING = (
    300,
    60,
)  # characters; what is longer is no name, no month and no mark, and is not looked at

# The roles that a column can have, by the words that stand above it: ours, in every language of the pages, and
# what people call them elsewhere.
CODE, LABEL, VALUE, UNIT, MARK, NOTE, PASSED_OVER = "code", "label", "value", "unit", "mark", "note", ""
AGENCY, MONTH, SAVED = "agency", "month", "saved"
COLUMNS = {
    CODE: [gettext_noop("Code")],
    LABEL: [gettext_noop("Indicator")],
    VALUE: [gettext_noop("Figure")],
    UNIT: [gettext_noop("Unit")],
    MARK: [gettext_noop("No figure because")],
    NOTE: [gettext_noop("Note")],
    PASSED_OVER: [gettext_noop("Counted in")],
}
ELSEWHERE = {
    CODE: "indicator code|id|代码|编码|mã|mã số|รหัส|ລະຫັດ|កូដ|លេខកូដ|ကုဒ်",
    LABEL: "item|name|description|category|指标|项目|名称|类别|chỉ tiêu|nội dung|ตัวชี้วัด|รายการ|ຕົວຊີ້ວັດ|ລາຍການ"
    "|សូចនាករ|បរិយាយ|ညွှန်းကိန်း|အကြောင်းအရာ",
    VALUE: "value|number|quantity|amount|count|figures|数量|数值|数字|số lượng|số liệu|giá trị|จำนวน|ຈຳນວນ|ຕົວເລກ"
    "|ចំនួន|តួលេខ|អရေအတွက်",
    UNIT: "units|unit of measure|entered in|单位|đơn vị|đơn vị tính|หน่วย|หน่วยนับ|ຫົວໜ່ວຍ|ໜ່ວຍ|ឯកតា|ယူနစ်",
    MARK: "mark|status|obs_status|标记|đánh dấu|สถานะ|ໝາຍ|សញ្ញា|အမှတ်အသား",
    NOTE: "notes|remark|remarks|comment|comments|备注|说明|ghi chú|หมายเหตุ|ໝາຍເຫດ|កំណត់សម្គាល់|មှတ်ချက်|မှတ်ချက်",
    PASSED_OVER: "no|no.|nr|stt|序号|ลำดับ|ลำดับที่|ລຳດັບ|ល.រ|ល.រ.|စဉ်|last month|previous month",
    AGENCY: "agency",
    MONTH: "month",
    SAVED: "saved",
}
MARKS = {
    Mark.NOT_AVAILABLE: "l|n/a|na|n.a.|#n/a|not available|unknown|no data|暂无|无数据|không có số liệu|ไม่มีข้อมูล"
    "|ບໍ່ມີຂໍ້ມູນ|គ្មានទិន្នន័យ|ဒေတာမရှိ",
    Mark.NOT_APPLICABLE: "m|not applicable|不适用|không áp dụng|ไม่เกี่ยวข้อง|ບໍ່ກ່ຽວຂ້ອງ|មិនអនុវត្ត|မသက်ဆိုင်",
}
UNITS = {
    "kg": "kgs|kilogram|kilograms|kilogramme|kilogrammes|公斤|กก|กก.|ກກ|គ.ក",
    "g": "gr|gram|grams|gramme|grammes|กรัม",
    "t": "ton|tons|tonne|tonnes|mt|公吨|噸",
    "tablet": "tablets|pill|pills|tab|tabs|粒",
    "litre": "l|liter|liters|litres|lít",
    "person": "people|persons|pax",
    "case": "cases",
}

MONTH_IN_DIGITS = [
    re.compile(r"(?<!\d)(?P<year>\d{4})\s*[-/.年\s]\s*(?P<month>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{1,2})\s*[-/.\s]\s*(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{1,2})\s*月"),
]
YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def key(text: str) -> str:
    """A name without what people write differently: case, spaces, punctuation, invisible characters.

    NFKC, which is never used on a number, brings together the two ways of writing Lao ໝ and Thai ำ. Empty for a
    text too long to be a name. The key of a text is the keys of its words, one after the other.
    """
    if len(text) > LONGEST:
        return ""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if len(folded) > 4 * len(text):  # “ﷺ” alone stands for eighteen characters, and a block can be full of it
        return ""
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LMN")


def _languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


def _in_every_language(text: str) -> set[str]:
    found = set()
    for language in _languages():
        with override(language):
            found.add(key(gettext(text)))
    return found


@cache
def column_words() -> dict[str, str]:
    """Every word that may stand above a column, as its key, with the role of the column."""
    found = {key(word): role for role, words in ELSEWHERE.items() for word in words.split("|")}
    for role, words in COLUMNS.items():
        for word in words:
            found |= dict.fromkeys(_in_every_language(word), role)
    return found


@cache
def mark_words() -> dict[str, str]:
    """Every word for a mark, as its key, with the mark's letter."""
    found = {key(word): mark.value for mark, words in MARKS.items() for word in words.split("|")}
    for language in _languages():
        with override(language):
            found |= {key(str(label)): value for value, label in Mark.choices}
    return found


@cache
def _month_words() -> tuple[re.Pattern, dict[str, int]]:
    """The months by all their names in all the languages, and one pattern for all: “tháng 12” before “tháng 1”."""
    found = {}
    for language in _languages():
        months = Locale.parse(to_locale(language)).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                found |= {_plain(name): number for number, name in months[context][width].items()}
    # “3” or “M03” is no name.
    named = {name: number for name, number in found.items() if re.search(r"[^\W\d_]", name) and len(name) > 1}
    every = "|".join(map(re.escape, sorted(named, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{every})(?![^\W\d_]|(?<=\d)\d)"), named


def month_named(text: str) -> tuple[int | None, int] | None:
    """The year (None where none is said) and the month that a heading names; None for no month.

    2026-02, 02/2026, Feb 2026, 2026年2月, ກຸມພາ 2569: a Buddhist year is counted as a Gregorian one.
    """
    if len(text) > LONGEST_HEADING:
        return None
    text = _plain(text)
    for pattern in MONTH_IN_DIGITS:
        if (found := pattern.search(text)) and 1 <= int(found["month"]) <= 12:
            year = found.groupdict().get("year")
            return _gregorian(int(year)) if year else _year_in(text), int(found["month"])
    words, number = _month_words()
    longest = max(words.findall(text), key=len, default=None)
    return longest and (_year_in(text), number[longest])


def names_this(text: str, month: date) -> bool:
    """Whether a heading names this month."""
    return month_named(text) in ((month.year, month.month), (None, month.month))


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFC", text).casefold().strip()
    return "".join(str(unicodedata.digit(one)) if unicodedata.category(one) == "Nd" else one for one in text)


def _year_in(text: str) -> int | None:
    found = YEAR.search(text)
    return _gregorian(int(found[1])) if found else None


def _gregorian(year: int) -> int:
    return year - BUDDHIST_ERA if year >= BUDDHIST_FROM else year


class Names:
    """The names of one operation's figures: each indicator by code, name and short name in every language."""

    def __init__(self, operation: Operation):
        self.leaves = queries.leaves(operation)
        # The sheet's order, totals after their parts.
        self.sheet = [indicator for indicator, _parts in queries.in_order(self.leaves)]
        self.by_code = {indicator.code: indicator for indicator in self.sheet}

    @cached_property
    def _areas(self) -> dict[str, str]:
        """The codes of the focus areas by the keys of their names."""
        areas = dict.fromkeys(indicator.area for indicator in self.sheet)
        return {key(name): area.code for area in areas for name in {area.code, *self._texts(area, "name")}}

    @cached_property
    def _indicators(self) -> dict[str, list[Indicator]]:
        """The indicators by the keys of their names, and of these with their focus area before or behind."""
        found, with_area = defaultdict(list), defaultdict(list)
        for one in self.sheet:
            names = {one.code, one.short_name, *self._texts(one, "name", "short_name")}
            for folded in filter(None, set(map(key, names))):
                found[folded].append(one)
                for name, area in self._areas.items():
                    if area == one.area.code:
                        for whole in {name + folded, folded + name}:
                            with_area[whole].append(one)
        return {**with_area, **found}

    @cached_property
    def _units(self) -> dict[str, str]:
        found = {key(word): code for code, words in UNITS.items() for word in words.split("|")}
        for unit in Unit.objects.all():
            found |= {key(name): unit.code for name in {unit.code, *self._texts(unit, "name", "plural")}}
        return found

    @cached_property
    def longest(self) -> int:
        """How long the key of an indicator's name can be."""
        return max(map(len, self._indicators), default=0)

    def indicators(self, text: str) -> list[Indicator]:
        """The indicators that a text can name, with or without their focus area in front; none for unknown."""
        return self.indicators_by(key(text))

    def indicators_by(self, folded: str) -> list[Indicator]:
        """The same for the key of a text."""
        return self._indicators.get(folded, [])

    def area(self, text: str) -> str:
        """The code of the focus area that a text names; empty for none."""
        return self._areas.get(key(text), "")

    def unit(self, text: str) -> str:
        """The code of the unit that a text names; empty for none."""
        return self._units.get(key(text), "")

    def mark(self, text: str) -> str:
        """The letter of the mark that a text names; empty for none."""
        return mark_words().get(key(text), "") if len(text) <= LONGEST_HEADING else ""

    @staticmethod
    def _texts(thing, *fields: str) -> set[str]:
        texts = [thing.translations.get(language, {}) for language in _languages()]
        found = {text[field] for text in texts for field in fields if text.get(field)}
        return found | {getattr(thing, field) for field in fields if getattr(thing, field, "")}
