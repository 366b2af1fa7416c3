"""The table of moves: what each verb does from each state for each kind of person."""

import inspect
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from stories import fill, joint_operation, just_after, person, report, submitted, verified

from operations import actions, months
from operations.actions import Entered, Refusal
from operations.models import Extension, Question, Release, Revision, Step

pytestmark = pytest.mark.django_db

# The officers are of the report's agency, of the other agency of its country, and of another country.
PEOPLE = {
    "own": ("officer", "LA-MPS"),
    "nei": ("officer", "LA-MND"),
    "for": ("officer", "TH-RTP"),
    "rev": ("reviewer",),
    "pub": ("publisher",),
    "off": ("official",),
    "ana": ("analyst",),
    "adm": ("administrator",),
}

# done: it happens; says: a sentence says why not; no: it is not this person's to do, whatever the state.
MOVES = """
verb       state      own  nei  for  rev  pub  off  ana  adm
save       none       done no   no   no   no   no   no   no
save       draft      done no   no   no   no   no   no   no
save       submitted  says no   no   no   no   no   no   no
save       verified   says no   no   no   no   no   no   no
submit     none       says no   no   no   no   no   no   no
submit     draft      done no   no   no   no   no   no   no
submit     submitted  says no   no   no   no   no   no   no
submit     verified   says no   no   no   no   no   no   no
send_back  none       no   no   no   says no   no   no   no
send_back  draft      no   no   no   says no   no   no   no
send_back  submitted  no   no   no   done no   no   no   no
send_back  verified   no   no   no   says no   no   no   no
verify     none       no   no   no   says no   no   no   no
verify     draft      no   no   no   says no   no   no   no
verify     submitted  no   no   no   done no   no   no   no
verify     verified   no   no   no   says no   no   no   no
correct    none       says no   no   no   no   no   no   no
correct    draft      says no   no   no   no   no   no   no
correct    submitted  says no   no   no   no   no   no   no
correct    verified   done no   no   no   no   no   no   no
nothing    none       done no   no   no   no   no   no   no
nothing    draft      says no   no   no   no   no   no   no
nothing    submitted  says no   no   no   no   no   no   no
nothing    verified   says no   no   no   no   no   no   no
undo       none       says no   no   no   no   no   no   no
undo       draft      done no   no   no   no   no   no   no
undo       submitted  says no   no   no   no   no   no   no
undo       verified   says no   no   no   no   no   no   no
ask        none       no   no   no   says no   no   no   no
ask        draft      no   no   no   says no   no   no   no
ask        submitted  no   no   no   done no   no   no   no
ask        verified   no   no   no   done no   no   no   no
extend     none       no   no   no   done no   no   no   no
extend     draft      no   no   no   done no   no   no   no
extend     submitted  no   no   no   says no   no   no   no
extend     verified   no   no   no   says no   no   no   no
release    none       no   no   no   no   says no   no   no
release    draft      no   no   no   no   says no   no   no
release    submitted  no   no   no   no   says no   no   no
release    verified   no   no   no   no   done no   no   no
"""
LINES = [line.split() for line in MOVES.strip().splitlines()[1:]]

# The state of the newest revision after what was done, and its number.
AFTERWARDS = {
    "save": ("draft", 1),
    "nothing": ("draft", 1),
    "undo": ("draft", 1),
    "submit": ("submitted", 1),
    "send_back": ("draft", 1),
    "verify": ("verified", 1),
    "correct": ("draft", 2),
    "release": ("verified", 1),
}


@pytest.fixture
def march():
    agencies = ["LA-MPS", "LA-MND", "TH-RTP"]
    operation = joint_operation("JT-2025", "2025-02-26", "2025-06-30", agencies, ["drug-cases", "drugs-heroin"])
    return report(operation, "LA-MPS", "2025-03")


def bring(march, state):
    """The report in a state; the version of its revision (0: none)."""
    officer = person("officer", "LA-MPS")
    ways = {
        "none": lambda: None,
        "draft": lambda: fill(march, officer, drug_cases=1, drugs_heroin=0),
        "submitted": lambda: submitted(march, officer, drug_cases=1),
        "verified": lambda: verified(march, officer, person("reviewer"), drug_cases=1),
    }
    ways[state]()
    return getattr(newest(march), "version", 0)


def newest(march):
    return march.revisions.order_by("-number").first()


def do(verb, march, version, by):
    at = just_after(march)
    note = "Compared with the log book."
    match verb:
        case "save":
            actions.save_figures(march, {"drug-cases": Entered(Decimal(5), note=note)}, by=by, at=at)
        case "correct":
            actions.correct(march, reason_code="typing", reason=note, by=by, at=at)
        case "nothing":
            actions.nothing_to_report(march, "drugs", by=by, at=at)
        case "undo":
            actions.undo(march, after=0, upto=version, by=by, at=at)
        case "ask":
            actions.ask(march, "drug-cases", text=note, due=at.date(), by=by, at=at)
        case "extend":
            actions.extend(march, until=march.due + timedelta(days=1), reason=note, by=by, at=at)
        case "release":
            actions.release(march.operation, last_month=months.read("2025-06"), by=by, at=at)
        case _:
            getattr(actions, verb)(march, version=version, by=by, at=at, note=note)


def outcome(verb, march, version, by) -> str:
    try:
        with transaction.atomic():
            do(verb, march, version, by)
    except Refusal as refusal:
        assert refusal.message.endswith(".") and "%(" not in refusal.message
        return "says"
    except PermissionDenied:
        return "no"
    return "done"


def records(march):
    """All that a verb could have left: figures, steps, changes, questions, extensions, releases."""
    revisions = list(Revision.objects.order_by("pk").values_list("pk", "state", "version"))
    figures = list(march.revisions.order_by("pk").values_list("figures__indicator", "figures__value"))
    others = [one.objects.count() for one in (Step, Question, Extension, Release)]
    return revisions, figures, others


@pytest.mark.parametrize(("verb", "state", "answers"), [(*line[:2], line[2:]) for line in LINES])
def test_each_verb_from_each_state_by_each_person(march, verb, state, answers):
    version = bring(march, state)
    before = records(march)
    found = []
    for who in PEOPLE.values():
        with transaction.atomic():
            found.append(outcome(verb, march, version, person(*who)))
            if found[-1] == "done":
                if verb in AFTERWARDS:
                    assert (newest(march).state, newest(march).number) == AFTERWARDS[verb]
                assert records(march) != before
            else:
                assert records(march) == before
            transaction.set_rollback(True)
    assert found == answers


def public_verbs() -> set[str]:
    return {name for name, one in vars(actions).items() if getattr(one, "__module__", "") == actions.__name__
            and inspect.isfunction(one) and not name.startswith("_")}  # fmt: skip


def test_the_table_has_every_verb_in_every_state_for_every_person():
    assert MOVES.split("\n")[1].split()[2:] == list(PEOPLE)
    states = ["none", *Revision.State.values]
    verbs = list(dict.fromkeys(line[0] for line in LINES))
    assert [line[:2] for line in LINES] == [[verb, state] for verb in verbs for state in states]
    told = {"save_figures": "save", "nothing_to_report": "nothing"}
    # No moves, or tried in tests/test_questions.py.
    own_rules = {"expect_reports", "remember_habit", "keep_reply", "answer", "withdraw"}
    known = {told.get(name, name) for name in public_verbs() - own_rules}
    assert set(verbs) == known
    assert all(len(line) == 2 + len(PEOPLE) for line in LINES)


# --------------------------------------------------------------------- what stands behind a single cell


def test_a_person_of_two_roles_may_do_both_and_not_verify_the_own_entry(march):
    both = person("officer", "LA-MPS", username="both")
    both.groups.add(*person("reviewer").groups.all())
    version = submitted(march, both, drug_cases=1).version
    assert outcome("verify", march, version, both) == "says"
    assert newest(march).is_submitted
    assert outcome("send_back", march, version, both) == "done"


def test_nobody_verifies_a_correction_of_what_they_entered_first(march):
    both = person("officer", "LA-MPS", username="both")
    both.groups.add(*person("reviewer").groups.all())
    other = person("officer", "LA-MPS")
    verified(march, both, person("reviewer"), drug_cases=1)
    actions.correct(march, reason_code="typing", reason="A digit.", by=other, at=just_after(march))
    version = submitted(march, other, drug_cases=2).version
    assert outcome("verify", march, version, both) == "says"


@pytest.mark.parametrize(("verb", "state"), [("submit", "draft"), ("verify", "submitted"), ("send_back", "submitted")])
def test_a_verb_is_about_the_version_seen(march, verb, state):
    version = bring(march, state)
    who = person("officer", "LA-MPS") if verb == "submit" else person("reviewer")
    assert outcome(verb, march, version - 1, who) == "says"
    assert outcome(verb, march, version + 1, who) == "says"
    assert newest(march).state == state


@pytest.mark.parametrize("note", ["", "  \n"])
def test_nothing_is_sent_back_without_a_reason(march, note):
    version = bring(march, "submitted")
    with pytest.raises(Refusal) as refused:
        actions.send_back(march, version=version, by=person("reviewer"), at=just_after(march), note=note)
    assert refused.value.field == "note"
    assert newest(march).is_submitted


def test_each_move_leaves_its_step_with_who_when_and_why(march):
    officer, reviewer = person("officer", "LA-MPS"), person("reviewer")
    version = submitted(march, officer, drug_cases=1).version
    at = just_after(march)
    actions.send_back(march, version=version, by=reviewer, at=at, note=" Heroin? ")
    actions.submit(march, version=version, by=officer, at=at)
    actions.verify(march, version=version, by=reviewer, at=at)
    actions.correct(march, reason_code="late", reason="Two more.", by=officer, at=at)
    steps = Step.objects.filter(revision__report=march).order_by("id")
    assert list(steps.values_list("verb", "from_state", "to_state", "by__username", "note")) == [
        ("open", "", "draft", officer.username, ""),
        ("submit", "draft", "submitted", officer.username, ""),
        ("send_back", "submitted", "draft", reviewer.username, "Heroin?"),
        ("submit", "draft", "submitted", officer.username, ""),
        ("verify", "submitted", "verified", reviewer.username, ""),
        ("correct", "", "draft", officer.username, "Two more."),
    ]
    assert {step.at for step in steps} == {at}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"drugs-seized": Entered(Decimal(1))}, "is calculated from its parts"),
        ({"scam-cases-fraud": Entered(Decimal(1))}, "does not collect"),
        ({"nonsense": Entered(Decimal(1))}, "does not collect"),
        ({"drug-cases": Entered(Decimal(1), "kg")}, "cannot be reported in"),
        ({"drugs-heroin": Entered(Decimal(1), "stone")}, "cannot be reported in"),
        ({"drug-cases": Entered(Decimal("1.5"))}, "decimals"),
        ({"drug-cases": Entered(Decimal(10) ** 15)}, "15 digits"),
        ({"drug-cases": Entered(Decimal(1), mark="L")}, "keep one"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_with_its_name_and_nothing_is_saved(march, given, sentence):
    good = {"drugs-heroin": Entered(Decimal(2))} if "drugs-heroin" not in given else {}
    with pytest.raises(Refusal) as refused:
        actions.save_figures(march, good | given, by=person("officer", "LA-MPS"), at=just_after(march))
    assert sentence in refused.value.message and refused.value.field in given
    assert not Revision.objects.exists()


def test_a_release_is_of_a_month_of_the_operation(march):
    verified(march, person("officer", "LA-MPS"), person("reviewer"))
    for month in ("2025-01", "2025-07"):
        with pytest.raises(Refusal) as refused:
            actions.release(
                march.operation, last_month=months.read(month), by=person("publisher"), at=just_after(march)
            )
        assert month in refused.value.message and refused.value.field == "last_month"
    assert not Release.objects.exists()


def test_a_release_takes_no_open_correction_but_the_verified_revision_below(march):
    officer = person("officer", "LA-MPS")
    old = verified(march, officer, person("reviewer"), drug_cases=1)
    actions.correct(march, reason_code="typing", reason="A digit.", by=officer, at=just_after(march))
    fill(march, officer, drug_cases=2)
    made = actions.release(
        march.operation, last_month=march.month, by=person("publisher"), at=just_after(march)
    )
    assert list(made.revisions.all()) == [old]
