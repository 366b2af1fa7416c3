"""The nouns as tables."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Agency",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(help_text="In English", max_length=200, verbose_name="name")),
                (
                    "translations",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Texts by language and field, such as {“km”: {“name”: “…”}}",
                        verbose_name="translations",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("short_name", models.CharField(blank=True, max_length=80, verbose_name="short name")),
            ],
            options={
                "verbose_name": "agency",
                "verbose_name_plural": "agencies",
                "ordering": ["position", "code"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
                (
                    "agency",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="people",
                        to="operations.agency",
                        verbose_name="agency",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Country",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(help_text="In English", max_length=200, verbose_name="name")),
                (
                    "translations",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Texts by language and field, such as {“km”: {“name”: “…”}}",
                        verbose_name="translations",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
            ],
            options={
                "verbose_name": "country",
                "verbose_name_plural": "countries",
                "ordering": ["position", "code"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_-]*$")),
                        name="country_code_is_plain",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="agency",
            name="country",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agencies",
                to="operations.country",
                verbose_name="country",
            ),
        ),
        migrations.CreateModel(
            name="FocusArea",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(help_text="In English", max_length=200, verbose_name="name")),
                (
                    "translations",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Texts by language and field, such as {“km”: {“name”: “…”}}",
                        verbose_name="translations",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
            ],
            options={
                "verbose_name": "focus area",
                "verbose_name_plural": "focus areas",
                "ordering": ["position", "code"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_-]*$")),
                        name="focusarea_code_is_plain",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Indicator",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(help_text="In English", max_length=200, verbose_name="name")),
                (
                    "translations",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Texts by language and field, such as {“km”: {“name”: “…”}}",
                        verbose_name="translations",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("decimals", models.PositiveSmallIntegerField(default=0, verbose_name="decimals")),
                ("short_name", models.CharField(blank=True, max_length=80, verbose_name="short name")),
                ("definition", models.TextField(blank=True, verbose_name="definition")),
                ("counting_rule", models.TextField(blank=True, verbose_name="counting rule")),
                (
                    "odd_ratio",
                    models.DecimalField(
                        decimal_places=1,
                        default=10,
                        help_text="So many times the median of the months before wants a reason",
                        max_digits=6,
                        verbose_name="odd from",
                    ),
                ),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="indicators",
                        to="operations.focusarea",
                        verbose_name="focus area",
                    ),
                ),
                (
                    "cases",
                    models.ForeignKey(
                        blank=True,
                        help_text="For suspects: the indicator whose zero makes them odd",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operations.indicator",
                        verbose_name="cases",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="operations.indicator",
                        verbose_name="parent",
                    ),
                ),
            ],
            options={
                "verbose_name": "indicator",
                "verbose_name_plural": "indicators",
                "ordering": ["position", "code"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Factor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("factor", models.DecimalField(decimal_places=9, max_digits=18, verbose_name="factor")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                ("source", models.CharField(max_length=300, verbose_name="source")),
                (
                    "indicator",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="factors",
                        to="operations.indicator",
                        verbose_name="indicator",
                    ),
                ),
            ],
            options={
                "verbose_name": "conversion factor",
                "verbose_name_plural": "conversion factors",
                "ordering": ["unit__position", "indicator__position", "valid_from"],
            },
        ),
        migrations.CreateModel(
            name="Operation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(help_text="In English", max_length=200, verbose_name="name")),
                (
                    "translations",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Texts by language and field, such as {“km”: {“name”: “…”}}",
                        verbose_name="translations",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                (
                    "due_day",
                    models.PositiveSmallIntegerField(
                        default=10,
                        help_text="A month's report is due on this day of the month after it",
                        verbose_name="due day",
                    ),
                ),
                (
                    "is_demonstration",
                    models.BooleanField(
                        default=False,
                        help_text="Figures are invented; every page and file says so",
                        verbose_name="demonstration",
                    ),
                ),
                (
                    "agencies",
                    models.ManyToManyField(
                        related_name="operations", to="operations.agency", verbose_name="agencies"
                    ),
                ),
                (
                    "indicators",
                    models.ManyToManyField(
                        limit_choices_to={"children": None},
                        related_name="operations",
                        to="operations.indicator",
                        verbose_name="indicators entered",
                    ),
                ),
            ],
            options={
                "verbose_name": "operation",
                "verbose_name_plural": "operations",
                "ordering": ["-first_day", "code"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "last_month",
                    models.DateField(
                        help_text="The release covers the operation up to this month",
                        verbose_name="last month",
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
                ("at", models.DateTimeField(null=True, verbose_name="published at")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="releases",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="releases",
                        to="operations.operation",
                        verbose_name="operation",
                    ),
                ),
            ],
            options={
                "verbose_name": "release",
                "verbose_name_plural": "releases",
                "ordering": ["operation", "-number"],
                "permissions": [
                    ("release_operations", "Publish releases"),
                    ("read_released", "Read what is released"),
                    ("download_released", "Download what is released"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(verbose_name="month")),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="operations.agency",
                        verbose_name="agency",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="operations.operation",
                        verbose_name="operation",
                    ),
                ),
            ],
            options={
                "verbose_name": "report",
                "verbose_name_plural": "reports",
                "ordering": ["operation", "month", "agency__position"],
                "permissions": [
                    ("enter_figures", "Enter and submit the own agency's figures"),
                    ("review_reports", "Verify reports, send them back, ask"),
                    ("see_coverage", "See which reports are in"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pins",
                        to="operations.release",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="operations.report"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(default=1, verbose_name="number")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("submitted", "submitted"), ("verified", "verified")],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=0, help_text="Grows with every change of a figure", verbose_name="version"
                    ),
                ),
                (
                    "reason_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("late", "late information"),
                            ("reclassified", "reclassified"),
                            ("duplicate", "counted twice"),
                            ("unit", "wrong unit"),
                            ("typing", "typing error"),
                            ("other", "other"),
                        ],
                        max_length=12,
                        verbose_name="reason of the correction",
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, max_length=500, verbose_name="the reason in a sentence"),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="operations.report",
                        verbose_name="report",
                    ),
                ),
            ],
            options={
                "verbose_name": "revision",
                "verbose_name_plural": "revisions",
                "ordering": ["report", "number"],
            },
        ),
        migrations.AddField(
            model_name="release",
            name="revisions",
            field=models.ManyToManyField(
                related_name="releases", through="operations.Pin", to="operations.revision"
            ),
        ),
        migrations.AddField(
            model_name="pin",
            name="revision",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="pins", to="operations.revision"
            ),
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        help_text="Of the revision, with this change", verbose_name="version"
                    ),
                ),
                ("before", models.JSONField(null=True, verbose_name="before")),
                ("after", models.JSONField(null=True, verbose_name="after")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "indicator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operations.indicator",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="operations.revision",
                    ),
                ),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("open", "opened"),
                            ("correct", "opened for correction"),
                            ("submit", "submitted"),
                            ("send_back", "sent back"),
                            ("verify", "verified"),
                        ],
                        max_length=10,
                        verbose_name="step",
                    ),
                ),
                (
                    "from_state",
                    models.CharField(
                        blank=True,
                        choices=[("draft", "draft"), ("submitted", "submitted"), ("verified", "verified")],
                        max_length=10,
                        verbose_name="from",
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[("draft", "draft"), ("submitted", "submitted"), ("verified", "verified")],
                        max_length=10,
                        verbose_name="to",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        help_text="Of the revision, as decided upon", verbose_name="version"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("note", models.TextField(blank=True, max_length=1000, verbose_name="note")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="operations.revision",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(help_text="In English", max_length=200, verbose_name="name")),
                (
                    "translations",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Texts by language and field, such as {“km”: {“name”: “…”}}",
                        verbose_name="translations",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("plural", models.CharField(blank=True, max_length=60, verbose_name="plural")),
            ],
            options={
                "verbose_name": "unit",
                "verbose_name_plural": "units",
                "ordering": ["position", "code"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_-]*$")),
                        name="unit_code_is_plain",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PublishedClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("said_on", models.DateField(verbose_name="said on")),
                ("where", models.CharField(max_length=200, verbose_name="where")),
                ("wording", models.CharField(max_length=300, verbose_name="in these words")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=18, verbose_name="quantity")),
                (
                    "precision",
                    models.CharField(
                        choices=[("exact", "exact"), ("over", "more than, below the next whole unit")],
                        default="exact",
                        max_length=6,
                        verbose_name="precision",
                    ),
                ),
                (
                    "indicator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="operations.indicator",
                        verbose_name="indicator",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="operations.operation",
                        verbose_name="operation",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operations.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "published claim",
                "verbose_name_plural": "published claims",
                "ordering": ["operation", "said_on", "indicator__position"],
            },
        ),
        migrations.AddField(
            model_name="indicator",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="operations.unit",
                verbose_name="unit",
            ),
        ),
        migrations.CreateModel(
            name="Figure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "value",
                    models.DecimalField(decimal_places=3, max_digits=18, null=True, verbose_name="value"),
                ),
                (
                    "mark",
                    models.CharField(
                        choices=[("L", "not available"), ("M", "not applicable")],
                        max_length=1,
                        null=True,
                        verbose_name="mark",
                    ),
                ),
                ("estimated", models.BooleanField(default=False, verbose_name="estimated")),
                (
                    "quantity",
                    models.DecimalField(
                        decimal_places=6, max_digits=24, null=True, verbose_name="quantity as reported"
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=1000, verbose_name="note")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                (
                    "factor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operations.factor",
                        verbose_name="factor",
                    ),
                ),
                (
                    "indicator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="figures",
                        to="operations.indicator",
                        verbose_name="indicator",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="figures",
                        to="operations.revision",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="operations.unit",
                        verbose_name="unit as reported",
                    ),
                ),
            ],
            options={
                "verbose_name": "figure",
                "verbose_name_plural": "figures",
            },
        ),
        migrations.AddField(
            model_name="factor",
            name="into",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="operations.unit",
                verbose_name="indicator's unit",
            ),
        ),
        migrations.AddField(
            model_name="factor",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="factors",
                to="operations.unit",
                verbose_name="reported unit",
            ),
        ),
        migrations.AddConstraint(
            model_name="agency",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_-]*$")),
                name="agency_code_is_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_-]*$")),
                name="operation_code_is_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_day__gte", models.F("first_day"))),
                name="operation_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_day__range", (1, 28))), name="operation_due_day_in_every_month"
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                fields=("operation", "agency", "month"), name="report_once_a_month"
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("month__day", 1)), name="report_month_is_a_first_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(fields=("report", "number"), name="revision_number_once"),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "verified"), _negated=True),
                fields=("report",),
                name="revision_one_open_a_report",
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="revision_numbers_from_1"
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", 1), ("reason", ""), ("reason_code", "")),
                    models.Q(
                        ("number__gt", 1),
                        models.Q(("reason_code", ""), _negated=True),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="revision_correction_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.UniqueConstraint(fields=("operation", "number"), name="release_number_once"),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_month__day", 1)), name="release_month_is_a_first_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="pin",
            constraint=models.UniqueConstraint(
                fields=("release", "report"), include=("revision",), name="pin_one_revision_a_report"
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(fields=["revision", "indicator", "id"], name="change_of_a_figure"),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(
                condition=models.Q(("verb", "verify")), fields=("revision",), name="step_verified_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("from_state", ""), ("to_state", "draft"), ("verb__in", ["open", "correct"])),
                    models.Q(("from_state", "draft"), ("to_state", "submitted"), ("verb", "submit")),
                    models.Q(("from_state", "submitted"), ("to_state", "draft"), ("verb", "send_back")),
                    models.Q(("from_state", "submitted"), ("to_state", "verified"), ("verb", "verify")),
                    _connector="OR",
                ),
                name="step_is_a_move",
            ),
        ),
        migrations.AddConstraint(
            model_name="publishedclaim",
            constraint=models.UniqueConstraint(
                fields=("operation", "indicator", "said_on", "where"), name="claim_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="indicator",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9_-]*$")),
                name="indicator_code_is_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="indicator",
            constraint=models.CheckConstraint(
                condition=models.Q(("decimals__lte", 3)), name="indicator_at_most_3_decimals"
            ),
        ),
        migrations.AddConstraint(
            model_name="indicator",
            constraint=models.CheckConstraint(
                condition=models.Q(("parent", models.F("id")), _negated=True),
                name="indicator_not_its_own_parent",
            ),
        ),
        migrations.AddConstraint(
            model_name="figure",
            constraint=models.UniqueConstraint(
                fields=("revision", "indicator"), include=("value", "mark"), name="figure_once_a_revision"
            ),
        ),
        migrations.AddConstraint(
            model_name="figure",
            constraint=models.CheckConstraint(
                condition=models.Q(("value", None), ("mark", None), _connector="OR"),
                name="figure_value_or_mark",
            ),
        ),
        migrations.AddConstraint(
            model_name="figure",
            constraint=models.CheckConstraint(
                condition=models.Q(("mark", None), ("mark__in", ["L", "M"]), _connector="OR"),
                name="figure_mark_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="figure",
            constraint=models.CheckConstraint(
                condition=models.Q(("value", None), ("value__gte", 0), _connector="OR"),
                name="figure_never_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="figure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("value", None), ("value__lt", 1000000000000000), _connector="OR"),
                    models.Q(("quantity", None), ("quantity__lt", 1000000000000000000), _connector="OR"),
                ),
                name="figure_is_a_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="figure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("estimated", False),
                        ("factor", None),
                        ("quantity", None),
                        ("unit", None),
                        ("value", None),
                    ),
                    models.Q(
                        ("quantity__gte", 0),
                        ("quantity__isnull", False),
                        ("unit__isnull", False),
                        ("value__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="figure_value_has_quantity_and_unit",
            ),
        ),
        migrations.AddConstraint(
            model_name="factor",
            constraint=models.CheckConstraint(condition=models.Q(("factor__gt", 0)), name="factor_positive"),
        ),
        migrations.AddConstraint(
            model_name="factor",
            constraint=models.UniqueConstraint(
                models.F("unit"),
                models.F("into"),
                models.F("indicator"),
                models.F("valid_from"),
                name="factor_once_a_day",
                nulls_distinct=False,
            ),
        ),
    ]
