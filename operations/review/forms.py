"""A reviewer's decision on the version seen."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ..models import Step

VERIFY, SEND_BACK = Step.Verb.VERIFY, Step.Verb.SEND_BACK


class Decision(forms.Form):
    """Verify or send back; `version` is the one on the reader's screen, and sending back needs a note."""

    action = forms.ChoiceField(choices=[(VERIFY, VERIFY.label), (SEND_BACK, SEND_BACK.label)])
    version = forms.IntegerField(min_value=0, required=False)
    note = forms.CharField(
        label=_("Reason"),
        help_text=_("Needed to send back: the officer reads it. With “verify” it is kept as a remark."),
        max_length=Step._meta.get_field("note").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_version(self):
        """A form without its version has seen none: no report has the version -1."""
        version = self.cleaned_data["version"]
        return -1 if version is None else version

    def clean(self):
        if self.cleaned_data.get("action") == SEND_BACK and self.cleaned_data.get("note") == "":
            self.add_error("note", _("Write why the report is sent back; the officer reads it."))
