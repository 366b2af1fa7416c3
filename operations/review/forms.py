"""What a reviewer decides, asks and grants; what is about figures carries the version seen."""

from datetime import date, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import Answer, Extension, Question, Step

VERIFY, SEND_BACK = Step.Verb.VERIFY, Step.Verb.SEND_BACK
DAYS_TO_ANSWER = 3
LONGEST_TO_ANSWER = timedelta(days=60)  # beyond it the year is mistyped
LONGEST_EXTENSION = timedelta(days=366)


class Day(forms.DateField):
    """A day as every browser sends it, whatever calendar it shows."""

    def __init__(self, **more):
        super().__init__(
            input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            error_messages={
                "required": gettext_lazy("Choose a day."),
                "invalid": gettext_lazy("Write the day like 2025-04-10."),
            },
            **more,
        )


class Seen(forms.Form):
    """The revision on the reader's screen. A form without a version has seen none: no report has the version -1."""

    number = forms.IntegerField(min_value=1, required=False)
    version = forms.IntegerField(min_value=0, required=False)

    def clean_number(self):
        return self.cleaned_data["number"] or 1

    def clean_version(self):
        version = self.cleaned_data["version"]
        return -1 if version is None else version


class Decision(Seen):
    """Verify or send back; sending back needs a note."""

    action = forms.ChoiceField(choices=[(VERIFY, VERIFY.label), (SEND_BACK, SEND_BACK.label)])
    note = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy(
            "Needed to send back: the officer reads it. With “verify” it is kept as a remark."
        ),
        max_length=Step._meta.get_field("note").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "aria-keyshortcuts": "s"}),
    )

    def clean(self):
        if self.cleaned_data.get("action") == SEND_BACK and self.cleaned_data.get("note") == "":
            self.add_error("note", _("Write why the report is sent back; the officer reads it."))


class Ask(Seen):
    """A question about one figure, and until when it should be answered."""

    indicator = forms.CharField()
    text = forms.CharField(
        label=gettext_lazy("Question"),
        max_length=Question._meta.get_field("text").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Write the question; the officer reads it.")},
    )
    due = Day(label=gettext_lazy("Answer until"))

    def __init__(self, *args, today: date, **more):
        self.today = today
        super().__init__(*args, **more)
        self.fields["due"].widget.attrs["min"] = today.isoformat()

    def clean_due(self):
        due = self.cleaned_data["due"]
        if due > self.today + LONGEST_TO_ANSWER:
            raise ValidationError(_("Choose a day in the next two months."))
        return due


class Withdrawal(forms.Form):
    """Why an open question needs no answer any more."""

    question = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    text = forms.CharField(
        label=gettext_lazy("Why it needs no answer"),
        max_length=Answer._meta.get_field("text").max_length,
        error_messages={"required": gettext_lazy("Say in a sentence why the question is withdrawn.")},
    )


class Longer(forms.Form):
    """A later deadline of one report, with its reason."""

    until = Day(
        label=gettext_lazy("New deadline"),
        help_text=gettext_lazy(
            "Later than the one that holds, and not gone by; for this agency and this month alone."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It stays on record with your name; the officers of the agency read it."),
        max_length=Extension._meta.get_field("reason").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say in a sentence why this agency gets longer.")},
    )

    def __init__(self, *args, today: date, deadline: date, **more):
        self.today = today
        super().__init__(*args, **more)
        earliest = max(today, deadline + timedelta(days=1))
        self.fields["until"].widget.attrs["min"] = earliest.isoformat()

    def clean_until(self):
        until = self.cleaned_data["until"]
        if until > self.today + LONGEST_EXTENSION:
            raise ValidationError(_("Choose a day in the next twelve months."))
        return until


def default_due(today: date, deadline: date) -> date:
    """Three working days ahead; sooner where the report is due sooner, if that leaves a working day."""
    ahead = (today + timedelta(days=days) for days in range(1, DAYS_TO_ANSWER + 5))
    working = [day for day in ahead if day.weekday() < 5]
    latest = working[DAYS_TO_ANSWER - 1]
    return min(latest, deadline) if deadline >= working[0] else latest
