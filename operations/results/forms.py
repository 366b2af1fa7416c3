"""What a publisher fills in to make a release."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .. import months
from ..models import Operation
from ..templatetags.show import month


class ReleaseForm(forms.Form):
    """The last month that the release covers, and a note in words."""

    last_month = forms.TypedChoiceField(label=_("Up to the month"), coerce=months.read)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What a reader should know of this release"),
    )

    def __init__(self, *args, operation: Operation, newest, **kwargs):
        super().__init__(*args, **kwargs)
        span = reversed(list(months.span(operation.first_month, newest)))
        self.fields["last_month"].choices = [(months.written(one), month(one)) for one in span]
