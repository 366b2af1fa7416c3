"""The nouns: the catalogue, the reports with their figures, the histories, the releases.

What must never be is a named constraint here or, where one row is not enough to judge, a guard in
migrations/*_guards.py; both refuse raw SQL too.
"""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from . import months, wording

# ---------------------------------------------------------------------------------------- the catalogue


class Named(models.Model):
    """A thing of the catalogue: a code for programs, a name for people, in each language as data."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200, help_text=_("In English"))
    translations = models.JSONField(
        _("translations"),
        default=dict,
        blank=True,
        help_text=_("Texts by language and field, such as {“km”: {“name”: “…”}}"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        abstract = True
        ordering = ["position", "code"]
        # Codes stand in files: none may look like a formula to a spreadsheet.
        constraints = [
            models.CheckConstraint(
                name="%(class)s_code_is_plain", condition=Q(code__regex=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
            ),
        ]

    class Manager(models.Manager):
        def get_by_natural_key(self, code):
            return self.get(code=code)

    objects = Manager()

    def __str__(self):
        return self.text("name")

    def natural_key(self):
        return (self.code,)

    def text(self, field: str, language: str | None = None) -> str:
        """The field in the language (the reader's, if none is named); in English where it is not translated."""
        language = language or get_language() or settings.LANGUAGE_CODE
        return self.translations.get(language, {}).get(field) or getattr(self, field)

    @property
    def label(self) -> str:
        return self.text("name")

    @property
    def short_label(self) -> str:
        """The name where there is little room: in the reader's language before the shorter one in English."""
        texts = self.translations.get(get_language() or settings.LANGUAGE_CODE, {})
        return texts.get("short_name") or texts.get("name") or self.short_name or self.name


class Country(Named):
    """A member country; its code is ISO 3166 alpha-2. Countries stand in the Centre's order everywhere."""

    short_name = ""

    class Meta(Named.Meta):
        verbose_name = _("country")
        verbose_name_plural = _("countries")


class Agency(Named):
    """Who reports. A country may have two; country totals add them."""

    country = models.ForeignKey(Country, models.PROTECT, verbose_name=_("country"), related_name="agencies")
    short_name = models.CharField(_("short name"), max_length=80, blank=True)
    decimal_separator = models.CharField(
        _("decimal separator"),
        max_length=1,
        blank=True,
        default="",
        db_default="",
        choices=[(".", _("dot: 1.5")), (",", _("comma: 1,5"))],
        help_text=_(
            "As its officers write numbers; learnt from their answer when 1.234 could mean two things"
        ),
    )

    class Meta(Named.Meta):
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        constraints = [
            *Named.Meta.constraints,
            models.CheckConstraint(
                name="agency_decimal_separator_is_known", condition=Q(decimal_separator__in=["", ".", ","])
            ),
        ]

    @property
    def in_short(self) -> str:
        """The country and the short name: “Laos · National Defense”."""
        return f"{self.country.label} · {self.short_label}"


class FocusArea(Named):
    """What an operation fights: online scam and gambling, drugs, human trafficking."""

    description = models.CharField(_("description"), max_length=300, blank=True)
    short_name = ""

    class Meta(Named.Meta):
        verbose_name = _("focus area")
        verbose_name_plural = _("focus areas")


class Unit(Named):
    """A unit in which indicators are kept (case, person, kg) or quantities may be reported (tablet, litre)."""

    plural = models.CharField(_("plural"), max_length=60, blank=True)
    short_name = ""

    class Meta(Named.Meta):
        verbose_name = _("unit")
        verbose_name_plural = _("units")

    @property
    def plural_label(self) -> str:
        return self.text("plural") or self.label


class IndicatorQuerySet(models.QuerySet):
    def leaves(self):
        """What is entered; every other indicator is calculated from these."""
        return self.filter(children=None)

    def get_by_natural_key(self, code):
        return self.get(code=code)


class Indicator(Named):
    """What is counted. Indicators form a tree: leaves are entered, parents are always calculated."""

    area = models.ForeignKey(
        FocusArea, models.PROTECT, verbose_name=_("focus area"), related_name="indicators"
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("parent"), related_name="children", null=True, blank=True
    )
    unit = models.ForeignKey(Unit, models.PROTECT, verbose_name=_("unit"), related_name="+")
    decimals = models.PositiveSmallIntegerField(_("decimals"), default=0)
    short_name = models.CharField(_("short name"), max_length=80, blank=True)
    definition = models.TextField(_("definition"), blank=True)
    counting_rule = models.TextField(_("counting rule"), blank=True)
    odd_ratio = models.DecimalField(
        _("odd from"),
        max_digits=6,
        decimal_places=1,
        default=10,
        help_text=_("So many times the median of the months before wants a reason"),
    )
    unit_ratio = models.PositiveIntegerField(
        _("another unit from"),
        default=1000,
        db_default=1000,
        help_text=_("So many times the median, or so small a part of it, looks like a wrong unit"),
    )
    impossible_from = models.DecimalField(
        _("impossible from"),
        max_digits=18,
        decimal_places=3,
        null=True,
        blank=True,
        help_text=_("A figure of one month of this size is refused; empty: none is"),
    )
    cases = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("cases"),
        related_name="+",
        null=True,
        blank=True,
        help_text=_("For suspects: the indicator whose zero makes them odd"),
    )

    objects = IndicatorQuerySet.as_manager()

    class Meta(Named.Meta):
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        constraints = [
            *Named.Meta.constraints,
            models.CheckConstraint(name="indicator_at_most_3_decimals", condition=Q(decimals__lte=3)),
            models.CheckConstraint(
                name="indicator_thresholds_above_one", condition=Q(odd_ratio__gt=1, unit_ratio__gt=1)
            ),
            models.CheckConstraint(name="indicator_not_its_own_parent", condition=~Q(parent=F("id"))),
        ]


class Factor(models.Model):
    """How much one unit as reported weighs in the indicator's unit, from a day on, and who says so.

    Without an indicator it holds for all; one for the indicator comes first (a tablet's weight depends on the drug).
    """

    unit = models.ForeignKey(Unit, models.PROTECT, verbose_name=_("reported unit"), related_name="factors")
    into = models.ForeignKey(Unit, models.PROTECT, verbose_name=_("indicator's unit"), related_name="+")
    indicator = models.ForeignKey(
        Indicator, models.PROTECT, verbose_name=_("indicator"), related_name="factors", null=True, blank=True
    )
    factor = models.DecimalField(_("factor"), max_digits=18, decimal_places=9)
    valid_from = models.DateField(_("valid from"))
    source = models.CharField(_("source"), max_length=300)

    class Manager(models.Manager):
        def get_by_natural_key(self, unit, into, indicator, valid_from):
            return self.get(
                unit__code=unit, into__code=into, indicator__code=indicator, valid_from=valid_from
            )

    objects = Manager()

    class Meta:
        verbose_name = _("conversion factor")
        verbose_name_plural = _("conversion factors")
        ordering = ["unit__position", "indicator__position", "valid_from"]
        constraints = [
            models.CheckConstraint(name="factor_positive", condition=Q(factor__gt=0)),
            models.UniqueConstraint(
                "unit", "into", "indicator", "valid_from", name="factor_once_a_day", nulls_distinct=False
            ),
        ]

    def __str__(self):
        return f"1 {self.unit.label} = {self.factor.normalize():f} {self.into.label}"

    def natural_key(self):
        return (
            self.unit.code,
            self.into.code,
            self.indicator.code if self.indicator else None,
            self.valid_from.isoformat(),
        )


class Operation(Named):
    """A joint operation; its first and last month may be partial."""

    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    due_day = models.PositiveSmallIntegerField(
        _("due day"), default=10, help_text=_("A month's report is due on this day of the month after it")
    )
    closes_after = models.PositiveSmallIntegerField(
        _("closes after"),
        null=True,
        blank=True,
        help_text=_("So many days after the due day a first report is no longer taken; empty: it always is"),
    )
    is_demonstration = models.BooleanField(
        _("demonstration"), default=False, help_text=_("Figures are invented; every page and file says so")
    )
    agencies = models.ManyToManyField(Agency, verbose_name=_("agencies"), related_name="operations")
    indicators = models.ManyToManyField(
        Indicator,
        verbose_name=_("indicators entered"),
        related_name="operations",
        limit_choices_to={"children": None},
    )
    communique = models.TextField(
        _("communiqué"),
        blank=True,
        default="",
        db_default="",
        max_length=4000,
        help_text=_(
            "The paragraph of the results, with places for numbers: {drug-cases}, or in another unit, whole or with "
            "decimals, {drugs-seized:over t}, {precursors-seized:0.01 t}. In other languages under “communique” above"
        ),
    )
    short_name = ""

    class Meta(Named.Meta):
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        ordering = ["-first_day", "code"]
        constraints = [
            *Named.Meta.constraints,
            models.CheckConstraint(
                name="operation_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))
            ),
            models.CheckConstraint(
                name="operation_due_day_in_every_month", condition=Q(due_day__range=(1, 28))
            ),
        ]

    def clean(self):
        """Every place for a number in the communiqué can be read, and each language has the same ones."""
        super().clean()
        slots = self._slots(self.communique)
        known = set(Indicator.objects.values_list("code", flat=True))
        if unknown := sorted({slot.indicator for slot in slots} - known):
            raise ValidationError({"communique": _("There is no indicator “%s”.") % unknown[0]})
        units = set(Unit.objects.values_list("code", flat=True))
        if unknown := sorted({slot.unit for slot in slots} - units - {""}):
            raise ValidationError({"communique": _("There is no unit “%s”.") % unknown[0]})
        for language, texts in self.translations.items():
            text = texts.get("communique", "")
            if text and sorted(map(repr, self._slots(text))) != sorted(map(repr, slots)):
                raise ValidationError(
                    {
                        "communique": _("The communiqué in “%s” has not the same numbers as in English.")
                        % language
                    }
                )

    @staticmethod
    def _slots(text: str) -> list[wording.Slot]:
        try:
            return wording.slots(text)
        except ValueError as piece:
            raise ValidationError(
                {"communique": _("“%s” cannot be read; write a number's place like {drug-cases}.") % piece}
            ) from None

    @property
    def first_month(self) -> date:
        return months.of(self.first_day)

    @property
    def last_month(self) -> date:
        return months.of(self.last_day)

    def is_partial(self, month: date) -> bool:
        """Whether the operation covers only a part of this month."""
        first_of_next = months.shift(month, 1)
        return self.first_day > month or (first_of_next - self.last_day).days > 1

    def due(self, month: date) -> date:
        """The last day on which a month's report is in time."""
        return months.shift(month, 1).replace(day=self.due_day)


# ------------------------------------------------------------------------------------------- the people


class Person(AbstractUser):
    """Someone with an account. What they may do comes from their groups, whose figures from their agency."""

    agency = models.ForeignKey(
        Agency, models.PROTECT, verbose_name=_("agency"), related_name="people", null=True, blank=True
    )

    @property
    def label(self) -> str:
        return self.get_full_name() or self.username


# ------------------------------------------------------------------------------------------ the reports


class ReportQuerySet(models.QuerySet):
    def with_latest(self):
        """Each report with the number and state of its newest revision (None: expected, nobody has begun)
        and the verb that led there (`send_back` tells a draft that came back from a new one), and `extended_to`:
        the day up to which the Centre gave longer, or None."""
        newest = Revision.objects.filter(report=OuterRef("pk")).order_by("-number")
        extension = Extension.objects.filter(report=OuterRef("pk")).order_by("-id")
        last_step = Step.objects.filter(revision__report=OuterRef("pk")).order_by("-id")
        return self.annotate(
            latest_number=Subquery(newest.values("number")[:1]),
            latest_state=Subquery(newest.values("state")[:1]),
            last_verb=Subquery(last_step.values("verb")[:1]),
            last_step_at=Subquery(last_step.values("at")[:1]),
            extended_to=Subquery(extension.values("until")[:1]),
        )


class Report(models.Model):
    """One agency, one operation, one month. It exists before anyone types, so that missing is visible."""

    operation = models.ForeignKey(
        Operation, models.PROTECT, verbose_name=_("operation"), related_name="reports"
    )
    agency = models.ForeignKey(Agency, models.PROTECT, verbose_name=_("agency"), related_name="reports")
    month = models.DateField(_("month"))

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["operation", "month", "agency__position"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "agency", "month"], name="report_once_a_month"),
            models.CheckConstraint(name="report_month_is_a_first_day", condition=Q(month__day=1)),
        ]
        permissions = [
            ("enter_figures", _("Enter and submit the own agency's figures")),
            ("review_reports", _("Verify reports, send them back, ask")),
            ("see_coverage", _("See which reports are in")),
        ]

    def __str__(self):
        return f"{self.operation.code} {self.agency.code} {months.written(self.month)}"

    def get_absolute_url(self):
        return reverse("entry:report", args=[self.operation.code, self.agency.code, self.month])

    @property
    def due(self) -> date:
        """The last day in time: of an extension, if the Centre gave one, else by the operation."""
        if "extended_to" not in self.__dict__:
            self.extended_to = self.extensions.values_list("until", flat=True).last()
        return self.extended_to or self.operation.due(self.month)

    @property
    def closes(self) -> date | None:
        """The last day on which a first report is taken; None where it always is."""
        days = self.operation.closes_after
        return None if days is None else self.due + timedelta(days=days)

    @property
    def standing(self) -> str:
        """expected, draft, sent_back, submitted or verified; needs `with_latest`."""
        if self.latest_state == Revision.State.DRAFT and self.last_verb == Step.Verb.SEND_BACK:
            return "sent_back"
        return self.latest_state or "expected"

    def is_overdue(self, today: date) -> bool:
        """Whether the figures should have been in before today and are not; needs `with_latest`."""
        return (
            self.due < today and self.standing in ("expected", "draft", "sent_back") and not self.has_verified
        )

    @property
    def has_verified(self) -> bool:
        """A correction that is still open does not make a verified report overdue."""
        return bool(self.latest_number) and (
            self.latest_number > 1 or self.latest_state == Revision.State.VERIFIED
        )


class RevisionQuerySet(models.QuerySet):
    def verified(self):
        return self.filter(state=Revision.State.VERIFIED)

    def current(self):
        """The newest verified revision of each report: what counts in the live view."""
        newest = Revision.objects.verified().filter(report=OuterRef("report")).order_by("-number")
        return self.verified().filter(pk=Subquery(newest.values("pk")[:1]))


class Revision(models.Model):
    """One numbered set of figures of a report. Verified is frozen; a correction is the next number."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        VERIFIED = "verified", _("verified")

    class Reason(models.TextChoices):
        LATE = "late", _("late information")
        RECLASSIFIED = "reclassified", _("reclassified")
        DUPLICATE = "duplicate", _("counted twice")
        UNIT = "unit", _("wrong unit")
        TYPING = "typing", _("typing error")
        OTHER = "other", _("other")

    report = models.ForeignKey(Report, models.PROTECT, verbose_name=_("report"), related_name="revisions")
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(
        _("version"), default=0, help_text=_("Grows with every change of a figure")
    )
    reason_code = models.CharField(_("reason of the correction"), max_length=12, choices=Reason, blank=True)
    reason = models.CharField(_("the reason in a sentence"), max_length=500, blank=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["report", "number"]
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="revision_number_once"),
            models.UniqueConstraint(
                fields=["report"], name="revision_one_open_a_report", condition=~Q(state="verified")
            ),
            models.CheckConstraint(name="revision_numbers_from_1", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="revision_correction_has_a_reason",
                condition=Q(number=1, reason_code="", reason="")
                | Q(number__gt=1) & ~Q(reason_code="") & ~Q(reason=""),
            ),
        ]

    def __str__(self):
        return f"{self.report} r{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_submitted(self) -> bool:
        return self.state == self.State.SUBMITTED

    @property
    def is_verified(self) -> bool:
        return self.state == self.State.VERIFIED


class Mark(models.TextChoices):
    """Why there is no figure; the codes are SDMX CL_OBS_STATUS (L: exists, not collected; M: cannot exist)."""

    NOT_AVAILABLE = "L", _("not available")
    NOT_APPLICABLE = "M", _("not applicable")


class Figure(models.Model):
    """One leaf indicator in one revision: a value or a mark; neither means not reported yet.

    `quantity` and `unit` are as reported; `value` is in the indicator's unit, by `factor` where the units differ.
    """

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="figures")
    indicator = models.ForeignKey(
        Indicator, models.PROTECT, verbose_name=_("indicator"), related_name="figures"
    )
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=3, null=True)
    mark = models.CharField(_("mark"), max_length=1, choices=Mark, null=True)  # noqa: DJ001 — null is "no mark"
    estimated = models.BooleanField(_("estimated"), default=False)
    quantity = models.DecimalField(_("quantity as reported"), max_digits=24, decimal_places=6, null=True)
    unit = models.ForeignKey(
        Unit, models.PROTECT, verbose_name=_("unit as reported"), related_name="+", null=True
    )
    factor = models.ForeignKey(Factor, models.PROTECT, verbose_name=_("factor"), related_name="+", null=True)
    note = models.TextField(_("note"), blank=True, max_length=1000)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("figure")
        verbose_name_plural = _("figures")
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "indicator"], name="figure_once_a_revision", include=["value", "mark"]
            ),
            models.CheckConstraint(name="figure_value_or_mark", condition=Q(value=None) | Q(mark=None)),
            models.CheckConstraint(
                name="figure_mark_is_known", condition=Q(mark=None) | Q(mark__in=["L", "M"])
            ),
            models.CheckConstraint(name="figure_never_negative", condition=Q(value=None) | Q(value__gte=0)),
            models.CheckConstraint(  # PostgreSQL counts NaN among the numerics, above all others
                name="figure_is_a_number",
                condition=(Q(value=None) | Q(value__lt=10**15)) & (Q(quantity=None) | Q(quantity__lt=10**18)),
            ),
            models.CheckConstraint(
                name="figure_value_has_quantity_and_unit",
                condition=Q(value=None, quantity=None, unit=None, factor=None, estimated=False)
                | Q(value__isnull=False, quantity__isnull=False, quantity__gte=0, unit__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.revision} {self.indicator.code}"

    @property
    def is_empty(self) -> bool:
        """Not reported yet, which is neither zero nor a mark."""
        return self.value is None and self.mark is None


# ---------------------------------------------------------------------------------------- the histories


class Step(models.Model):
    """Who moved which revision from which state to which, when and why. Append-only, by the database."""

    class Verb(models.TextChoices):
        OPEN = "open", _("opened")
        CORRECT = "correct", _("opened for correction")
        SUBMIT = "submit", _("submitted")
        SEND_BACK = "send_back", _("sent back")
        TAKE_BACK = "take_back", _("taken back to answer a question")
        VERIFY = "verify", _("verified")

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="steps")
    verb = models.CharField(_("step"), max_length=10, choices=Verb)
    from_state = models.CharField(_("from"), max_length=10, choices=Revision.State, blank=True)
    to_state = models.CharField(_("to"), max_length=10, choices=Revision.State)
    version = models.PositiveIntegerField(_("version"), help_text=_("Of the revision, as decided upon"))
    digest = models.CharField(
        _("digest"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text=_("SHA-256 of the figures submitted or verified"),
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="steps"
    )
    at = models.DateTimeField(_("at"))
    note = models.TextField(_("note"), blank=True, max_length=1000)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision"], name="step_verified_once", condition=Q(verb="verify")
            ),
            models.CheckConstraint(
                name="step_is_a_move",
                condition=Q(verb__in=["open", "correct"], from_state="", to_state="draft")
                | Q(verb="submit", from_state="draft", to_state="submitted")
                | Q(verb__in=["send_back", "take_back"], from_state="submitted", to_state="draft")
                | Q(verb="verify", from_state="submitted", to_state="verified"),
            ),
        ]

    def __str__(self):
        return f"{self.revision} {self.verb}"


class Change(models.Model):
    """One figure before and after. The database writes it with the change itself, and refuses any edit.

    `before` and `after` hold the figure's fields as text, exact to the last digit; None is no figure.
    `by` is None only for a change made past the application.
    """

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="changes")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(_("version"), help_text=_("Of the revision, with this change"))
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="changes", null=True
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["id"]
        indexes = [models.Index(fields=["revision", "indicator", "id"], name="change_of_a_figure")]

    def __str__(self):
        return f"{self.revision} {self.indicator.code} {self.at:%Y-%m-%d %H:%M}"


class Extension(models.Model):
    """That one agency has longer for one month, until when and why. Append-only; the newest counts."""

    report = models.ForeignKey(Report, models.PROTECT, verbose_name=_("report"), related_name="extensions")
    until = models.DateField(_("until"))
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="extensions"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        ordering = ["id"]
        constraints = [models.CheckConstraint(name="extension_has_a_reason", condition=~Q(reason=""))]

    def __str__(self):
        return f"{self.report} {self.until}"


# ---------------------------------------------------------------------------------------- the questions


class QuestionQuerySet(models.QuerySet):
    def open(self):
        """Those that nobody has answered or withdrawn."""
        return self.filter(answer=None)


class Question(models.Model):
    """What the Centre wants to know about one figure of a revision, and until when. Append-only."""

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="questions")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")
    text = models.CharField(_("question"), max_length=1000)
    due = models.DateField(_("answer until"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="questions"
    )
    at = models.DateTimeField(_("at"))

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["id"]
        constraints = [models.CheckConstraint(name="question_has_a_text", condition=~Q(text=""))]

    def __str__(self):
        return f"{self.revision} {self.indicator.code}: {self.text[:40]}"


class Answer(models.Model):
    """What became of a question: the figure was confirmed, corrected or marked, or the Centre withdrew it."""

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        CORRECTED = "corrected", _("corrected")
        MARKED = "marked", _("marked")
        WITHDRAWN = "withdrawn", _("withdrawn")

    question = models.OneToOneField(Question, models.PROTECT, related_name="answer")
    kind = models.CharField(_("answer"), max_length=10, choices=Kind)
    text = models.CharField(_("reason"), max_length=1000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="answers"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [models.CheckConstraint(name="answer_has_a_text", condition=~Q(text=""))]

    def __str__(self):
        return f"{self.question}: {self.kind}"


# --------------------------------------------------------------------------- what was said to whom, once


class Reply(models.Model):
    """What was answered to a request with an idempotency key, to be answered again to its repetition."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    asked = models.CharField(max_length=64, help_text=_("SHA-256 of the address and the body"))
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["by", "key"], name="reply_once_a_key")]

    def __str__(self):
        return f"{self.by} {self.key}"


class Message(models.Model):
    """A reminder or a digest: to whom, about what, when delivered or why not. It carries no figures."""

    class Kind(models.TextChoices):
        BEFORE = "before", _("before the deadline")
        OVERDUE = "overdue", _("after the deadline")
        SENT_BACK = "sent_back", _("sent back")
        QUESTION = "question", _("question")
        DIGEST = "digest", _("digest for the Centre")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("person"), related_name="+"
    )
    report = models.ForeignKey(
        Report, models.PROTECT, verbose_name=_("report"), related_name="messages", null=True
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    to = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    on = models.DateField(_("day"))
    at = models.DateTimeField(_("at"))
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    failure = models.CharField(_("failure"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                "person", "report", "kind", "on", name="message_once_a_day", nulls_distinct=False
            ),
        ]

    def __str__(self):
        return f"{self.on} {self.kind} {self.to}"


# ----------------------------------------------------------------------------------------- the releases


class ReleaseQuerySet(models.QuerySet):
    def published(self):
        return self.filter(at__isnull=False)


class Release(models.Model):
    """A numbered, dated set of verified revisions of one operation; from `at` on it is pinned for ever."""

    operation = models.ForeignKey(
        Operation, models.PROTECT, verbose_name=_("operation"), related_name="releases"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    last_month = models.DateField(
        _("last month"), help_text=_("The release covers the operation up to this month")
    )
    note = models.TextField(_("note"), blank=True, max_length=2000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="releases"
    )
    at = models.DateTimeField(_("published at"), null=True)
    communique = models.JSONField(
        _("communiqué"),
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text=_("As published: by language its words, and between them each number with what it is of"),
    )
    revisions = models.ManyToManyField(Revision, through="Pin", related_name="releases")

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ["operation", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "number"], name="release_number_once"),
            models.CheckConstraint(name="release_month_is_a_first_day", condition=Q(last_month__day=1)),
        ]
        permissions = [
            ("release_operations", _("Publish releases")),
            ("read_released", _("Read what is released")),
            ("download_released", _("Download what is released")),
        ]

    def __str__(self):
        return f"{self.operation.code} {self.number}"

    def get_absolute_url(self):
        return reverse("results:release", args=[self.operation.code, self.number])


class Pin(models.Model):
    """That a release contains a revision; `report` stands here so that a report is in a release at most once."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="pins")
    report = models.ForeignKey(Report, models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="pins")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["release", "report"], name="pin_one_revision_a_report", include=["revision"]
            ),
        ]

    def __str__(self):
        return f"{self.release}: {self.revision}"


class PublishedClaim(models.Model):
    """A number said in public: where, when, in what words and how exact."""

    class Precision(models.TextChoices):
        EXACT = "exact", _("exact")
        OVER = "over", _("more than, below the next whole unit")
        ROUNDED = "rounded", _("rounded")

    operation = models.ForeignKey(
        Operation, models.PROTECT, verbose_name=_("operation"), related_name="claims"
    )
    indicator = models.ForeignKey(
        Indicator, models.PROTECT, verbose_name=_("indicator"), related_name="claims"
    )
    said_on = models.DateField(_("said on"))
    where = models.CharField(_("where"), max_length=200)
    wording = models.CharField(_("in these words"), max_length=300)
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=3)
    unit = models.ForeignKey(Unit, models.PROTECT, verbose_name=_("unit"), related_name="+")
    precision = models.CharField(_("precision"), max_length=7, choices=Precision, default=Precision.EXACT)

    class Meta:
        verbose_name = _("published claim")
        verbose_name_plural = _("published claims")
        ordering = ["operation", "said_on", "indicator__position"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "indicator", "said_on", "where"], name="claim_once"),
        ]

    def __str__(self):
        return f"{self.operation.code} {self.indicator.code} {self.said_on}"

    @property
    def decimals(self) -> int:
        """With how many decimals it was said."""
        return wording.decimals_said(self.wording, self.quantity)

    def holds(self, value: Decimal, factor: Decimal) -> bool:
        """Whether a record in the indicator's unit bears it out; `factor` is what one of its own is in that."""
        low, high = wording.bounds(self.quantity, self.precision, self.decimals)
        return low * factor <= value < high * factor
