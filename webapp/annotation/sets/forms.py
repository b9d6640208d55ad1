"""The form that freezes a set."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

RULES = [("majority", _("Majority")), ("consensus", _("Dawid–Skene consensus"))]


class FreezeForm(forms.Form):
    """How the set is called and what settles a case that nobody decided."""

    name = forms.CharField(max_length=160, required=False, label=_("Name"), help_text=_("Empty: the campaign's name."))
    rule = forms.ChoiceField(
        choices=RULES,
        initial="majority",
        label=_("Where nobody decided"),
        help_text=_("Majority counts heads. Consensus weighs how annotators err, which wants a large overlap."),
    )
    incomplete = forms.BooleanField(
        required=False,
        label=_("Leave samples without a label out"),
        help_text=_("Otherwise a set whose total is not the plan's is refused."),
    )
