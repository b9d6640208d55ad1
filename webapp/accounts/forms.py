"""What people type about themselves, their projects and their tokens; every wrong field is told at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ml_core.spec import BadInput
from webapp.accounts.capabilities import ANNOTATOR, ROLES
from webapp.accounts.models import Membership, User
from webapp.accounts.queries.trail import in_words

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
NAME_RULE = RegexValidator(r"^[\w.+-]+\Z", _("Use letters, digits and . + - _ only."))
EXPIRIES = [("30", _("In 30 days")), ("90", _("In 90 days")), ("365", _("In a year")), ("", _("Never"))]
ROLE_TEXT = {
    "owner": _("everything, people and deletion included"),
    "researcher": _("imports data, launches runs, reads everything"),
    "reviewer": _("reads everything, settles disagreements"),
    "annotator": _("sees and labels what is assigned, nothing else"),
    "viewer": _("reads data sets, runs and failures"),
}
ROLE_CHOICES = [(role, format_lazy("{} – {}", label, ROLE_TEXT[role])) for role, label in ROLES.items()]


def told(form: forms.Form, problem: BadInput) -> None:
    """Put what an action refused at its field, or above the form where it belongs to none."""
    form.add_error(problem.field if problem.field in form.fields else None, str(problem))


class NameField(forms.CharField):
    """A name to sign in with."""

    def __init__(self, **options: Any):
        super().__init__(
            label=_("Name"),
            max_length=60,
            validators=[NAME_RULE],
            help_text=_("You sign in with it; others see it."),
            **options,
        )
        self.widget.attrs["autocomplete"] = "username"

    def clean(self, value: Any) -> str:
        """One spelling of the same letters."""
        return str(super().clean(User.normalize_username(value or "")))


class NewcomerForm(forms.Form):
    """An account to be made. `address`, where given, is the one the invitation was made out to, and stays."""

    username = NameField()
    email = forms.EmailField(label=_("Email address"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, not a common one."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)

    def __init__(self, *args: Any, address: str = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        if address:
            self.fields["email"].initial = address
            self.fields["email"].disabled = True
            self.fields["email"].help_text = _("The invitation was made out to this address.")

    def clean_username(self) -> str:
        """A name that nobody has."""
        name = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError(_("Somebody has this name. Choose another."))
        return name

    def clean(self) -> dict[str, Any]:
        """The password measured against the name and address it goes with."""
        given = super().clean() or {}
        if password := given.get("password"):
            person = User(username=given.get("username", ""), email=given.get("email", ""))
            try:
                validate_password(password, person)
            except ValidationError as problem:
                self.add_error("password", problem)
        return given


class ProjectForm(forms.Form):
    """A project's name and what it is about."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("What it is about"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )


class InviteForm(forms.Form):
    """Somebody to be let into a project."""

    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES, initial=ANNOTATOR, widget=forms.RadioSelect)
    email = forms.EmailField(
        label=_("Email address"), required=False, help_text=_("With one, the link works for this address only.")
    )


class InstallationInviteForm(forms.Form):
    """Somebody to get an account, for the time being in no project."""

    email = InviteForm.base_fields["email"]


class RoleForm(forms.Form):
    """A member's new role."""

    role = forms.ChoiceField(choices=list(ROLES.items()))


class OwnerForm(forms.Form):
    """Who shall own a project that has lost its owner."""

    username = forms.CharField(label=_("Name of an account"), max_length=150)


class ProfileForm(forms.Form):
    """What a person says about themselves; another name or address wants the password."""

    username = NameField()
    email = forms.EmailField(label=_("Email address"))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    password = forms.CharField(
        label=_("Your password"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("Asked for when the name or the address changes."),
    )

    def __init__(self, data: Any = None, *, person: User):
        self.person = person
        held = {"username": person.username, "email": person.email, "language": person.language}
        super().__init__(data, initial=held)

    @property
    def wants_password(self) -> bool:
        """Whether what was typed changes how this person signs in."""
        given = self.cleaned_data
        return given.get("username") != self.person.username or given.get("email", "").lower() != self.person.email


class TokenForm(forms.Form):
    """A key for programs."""

    name = forms.CharField(label=_("What it is for"), max_length=80)
    project = forms.ChoiceField(label=_("Reaches"), required=False)
    read_only = forms.BooleanField(label=_("Read only: it can look at everything and change nothing"), required=False)
    expires = forms.ChoiceField(label=_("Ends"), choices=EXPIRIES, initial="90", required=False)

    def __init__(self, *args: Any, memberships: list[Membership], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.projects = {str(membership.project_id): membership.project for membership in memberships}
        named = [(key, _("Only %(name)s") % {"name": project.name}) for key, project in self.projects.items()]
        self.fields["project"].choices = [("", _("All my projects")), *named]  # type: ignore[attr-defined]
        _plain(self, "project", "expires")

    def expires_at(self, now: datetime) -> datetime | None:
        """When the token ends; None for never."""
        days = self.cleaned_data["expires"]
        return now + timedelta(days=int(days)) if days else None


class TrailForm(forms.Form):
    """What of the audit trail to show. Bad values show everything, as an address may be old."""

    verb = forms.ChoiceField(label=_("What"), required=False)
    actor = forms.CharField(label=_("Who"), required=False, max_length=150)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, verbs: list[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        spoken = [(verb, in_words(verb)) for verb in verbs]
        self.fields["verb"].choices = [("", _("Everything")), *spoken]  # type: ignore[attr-defined]
        _plain(self, "verb", "actor")


def _plain(form: forms.Form, *names: str) -> None:
    """Fields whose empty choice means something are not marked as optional."""
    for name in names:
        form.fields[name].optional_note = ""  # type: ignore[attr-defined]
