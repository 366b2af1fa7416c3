"""What the page's scripts must know and say: the reader's separators, and every sentence in their language."""

import json

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import numbers
from ..models import Mark
from ..templatetags import show

ONE_AND_SEVERAL = (1, 2)


def for_scripts() -> dict[str, str]:
    """Text for the data-attributes of the form; what is not one word is JSON."""
    return {
        "separators": show.separators(),
        "sentences": json.dumps({code: str(sentence) for code, sentence in numbers.SENTENCES.items()}),
        "words": json.dumps(_words()),
    }


def _words() -> dict:
    """By name; a pair is what is said of one and of several. Parts in %(…)s are filled in by the script."""
    return {
        "saving": _("saving…"),
        "saved": _("saved %(time)s"),
        "away": _("not saved: no connection, will try again"),
        "out": _("not saved: signed out"),
        "refused": _("not saved: %(reason)s"),
        "asked": _("Which one is meant?"),
        "conflict": _("%(name)s changed this (%(time)s). Choose which one stays:"),
        "mine": _("Keep mine: %(figure)s"),
        "theirs": _("Take theirs: %(figure)s"),
        "nothing": _("nothing"),
        "add_note": _("note or n/a"),
        "partial": _("partial: %(filled)s of %(wanted)s"),
        "no_figure": _("no figure yet"),
        "not_available": _("n/a"),
        "marks": {mark.value: str(mark.label) for mark in Mark},
        "entered": _("%(entered)s of %(wanted)s figures entered"),
        "empty": [
            ngettext(
                "%(number)s still empty: a figure, 0 or “not available”",
                "%(number)s still empty: a figure, 0 or “not available”",
                n,
            )
            for n in ONE_AND_SEVERAL
        ],
        "to_explain": [
            ngettext("%(number)s needs a note", "%(number)s need a note", n) for n in ONE_AND_SEVERAL
        ],
        "to_look_at": [
            ngettext("%(number)s to look at", "%(number)s to look at", n) for n in ONE_AND_SEVERAL
        ],
        "all_saved": _("All changes are saved."),
        "all_saved_at": _("All changes saved %(time)s"),
        "waiting": [
            ngettext("%(number)s figure is not saved yet.", "%(number)s figures are not saved yet.", n)
            for n in ONE_AND_SEVERAL
        ],
        "why_away": _("There is no connection; this page tries again by itself."),
        "why_out": _("You are signed out."),
        "not_sent": _(
            "Nothing was submitted: there is no connection. What you typed is kept in this browser."
        ),
        "choose_first": _("Choose first which figure stays, yours or theirs."),
        "restored": [
            ngettext(
                "%(number)s figure that was not saved before is back from this browser.",
                "%(number)s figures that were not saved before are back from this browser.",
                n,
            )
            for n in ONE_AND_SEVERAL
        ],
        "sign_in": _("You are signed out. Sign in below; what you typed is kept and then saved."),
        "sign_in_failed": _("Signing in did not work. Check the name and the password."),
        "no_connection": _("There is no connection. Try again in a moment."),
    }
