"""A question of the Centre, with its figure and all that was said of it; its officer confirms, corrects or marks."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from .. import access, actions
from ..actions import Entered, Refusal
from ..models import Answer, Mark, Report
from . import questions
from .forms import Cell, Field, Sheet
from .views import found

CONFIRM, CORRECT, MARK = "confirm", "correct", "mark"


class Reply(forms.Form):
    """An answer as typed; `entered` is what it makes of the figure, None where it is confirmed."""

    kind = forms.ChoiceField(
        choices=[(CONFIRM, ""), (CORRECT, ""), (MARK, "")],
        error_messages={
            "required": gettext_lazy("Choose one: confirm the figure, correct it, or say why there is none.")
        },
    )
    figure = forms.CharField(required=False, strip=False, max_length=200)
    unit = forms.CharField(required=False)
    means = forms.CharField(required=False)
    mark = forms.ChoiceField(required=False, choices=Mark.choices)
    text = forms.CharField(
        label=gettext_lazy("The reason, in a sentence"),
        max_length=Answer._meta.get_field("text").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say in a sentence what the Centre should know.")},
    )

    def __init__(self, field: Field, *args, **more):
        super().__init__(*args, **more)
        self.field, self.entered = field, None

    def clean(self):
        given = super().clean()
        if given.get("kind") == CORRECT:
            self._correct(given)
        elif given.get("kind") == MARK:
            self._mark(given)
        return given

    def _correct(self, given):
        field = self.field
        unit = given.get("unit") or field.saved.unit
        means = given["means"] if given.get("means") in (".", ",") else ""
        field.cell = Cell(given.get("figure", ""), unit, "", given.get("text", ""), means)
        if not field.cell.text.strip():
            return self.add_error("figure", _("Write the figure as it should be."))
        try:
            self.entered = field.read()
        except ValueError as problem:
            return self.add_error("figure", str(problem))
        figure = field.figure
        if figure and figure.unit and (figure.quantity, figure.unit.code) == (self.entered.quantity, unit):
            self.add_error("figure", _("This is the figure that stands there already; confirm it instead."))

    def _mark(self, given):
        mark, figure = given.get("mark"), self.field.figure
        if not mark:
            self.add_error("mark", _("Choose “not available” or “not applicable”."))
        elif figure and figure.mark == mark:
            self.add_error("mark", _("This mark stands there already; confirm it instead."))
        self.entered = Entered(mark=mark)


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request, operation, agency, month, pk):
    """One question about a report that the person may see; its agency's officers answer it."""
    report, revision = found(request.user, operation, agency, month)
    question = get_object_or_404(questions.visible(report, revision), pk=pk)
    if request.method == "POST":
        return _answer(request, report, question)
    return _page(request, report, revision, question, Reply(_field(report, revision, question)))


@transaction.atomic
def _answer(request, report, question):
    """Take the answer to the figure that was seen, or say beside the form why not."""
    user = request.user
    if not access.may_enter(user, report):
        raise PermissionDenied
    # Answers wait for each other here, so that the figure compared is the figure answered for.
    Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    revision = report.revisions.order_by("-number").first()
    form = Reply(_field(report, revision, question), request.POST)
    is_valid, state = form.is_valid(), revision.state
    if request.POST.get("seen") != _seen(revision, form.field):
        sentence = _(
            "The figure has changed since you opened this page; nothing was answered. Look at it again."
        )
        return _page(request, report, revision, question, form, sentence, status=409)
    if not is_valid:
        return _page(request, report, revision, question, form, status=422)
    text, entered = form.cleaned_data["text"], form.entered
    try:
        actions.answer(question, text=text, entered=entered, by=user, at=timezone.now())
    except Refusal as refusal:
        of_figure = refusal.field == question.indicator.code
        field = form.cleaned_data["kind"] == MARK and "mark" or "figure" if of_figure else refusal.field
        if field in form.fields:
            form.add_error(field, refusal.message)
            return _page(request, report, revision, question, form, status=422)
        return _page(request, report, revision, question, form, refusal.message, status=409)
    if entered and any(reading["is_chosen"] for reading in form.field.readings):
        actions.remember_habit(report.agency, form.field.cell.means, by=user)
    messages.success(request, _done(entered, state))
    return redirect(report)


def _field(report, revision, question) -> Field:
    """The figure's place in the sheet as it stands now; Http404 where the operation enters it no more."""
    field = Sheet(report, revision).fields.get(question.indicator.code)
    if field is None:
        raise Http404
    return field


def _seen(revision, field) -> str:
    """What tells the figure that somebody looked at from a later one."""
    return f"{revision.number}.{revision.state}.{field.figure.version if field.figure else 0}"


def _done(entered, state) -> str:
    if entered is None:
        return _("Your answer is with the Centre; the figure stays as it is.")
    return {
        "draft": _(
            "Your answer is with the Centre and the figure is in the draft; submit it when all is ready."
        ),
        "submitted": _(
            "Your answer is with the Centre, and the report is submitted again with the new figure."
        ),
        "verified": _(
            "Your answer is with the Centre. A correction is open with the new figure: now submit it."
        ),
    }[state]


def _beforehand(state) -> str:
    """What will happen to the report, said before anyone decides."""
    return {
        "draft": _(
            "The report is a draft: another figure is saved in it, and you submit it when all is ready."
        ),
        "submitted": _(
            "The report is submitted. If you confirm the figure it stays so; with another figure or a mark it is "
            "taken back, changed and submitted again in one step."
        ),
        "verified": _(
            "The report is verified. If you confirm the figure nothing changes; with another figure or a mark a "
            "correction opens and waits for you to submit it, and until then the verified figure counts."
        ),
    }[state]


def _page(request, report, revision, question, form, refusal="", *, status=200):
    report = Report.objects.with_latest().select_related("operation", "agency__country").get(pk=report.pk)
    question = questions.visible(report, revision).get(pk=question.pk)  # with the answer that came meanwhile
    field = form.field
    errors = [{"text": refusal, "id": ""}] if refusal else []
    for name, texts in form.errors.items():
        errors += [{"text": text, "id": form[name].id_for_label or form[name].auto_id} for text in texts]
    context = {
        "report": report,
        "revision": revision,
        "demonstration": report.operation.is_demonstration,
        "question": question,
        "asked": questions.row(question, request.user, timezone.localdate()),
        "standing_figure": questions.as_it_stands(field),
        "field": field,
        "remarks": questions.thread(question, revision.number),
        "form": form,
        "marks": Mark.choices,
        "seen": _seen(revision, field),
        "beforehand": _beforehand(revision.state),
        "errors": errors,
    }
    return render(request, "entry/answer.html", context, status=status)
