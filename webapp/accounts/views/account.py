"""A person's own pages: profile, language, tokens. Passwords and second factors are allauth's."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from ml_core.spec import BadInput
from webapp.accounts.actions.people import change_profile
from webapp.accounts.actions.tokens import create_token, revoke_token
from webapp.accounts.doors import PersonRequest, signed_in
from webapp.accounts.forms import ProfileForm, TokenForm, told
from webapp.accounts.queries import memberships_of
from webapp.accounts.queries.people import has_second_factor, token_of, tokens_of
from webapp.accounts.views.links import api_call


@sensitive_post_parameters("password")
@signed_in(methods=("GET", "POST"))
def profile(request: PersonRequest) -> HttpResponse:
    """Name, address and language."""
    form = ProfileForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid() and password_fits(request, form):
        given = {key: form.cleaned_data[key] for key in ("username", "email", "language")}
        try:
            change_profile(person=request.user, now=timezone.now(), **given)
        except BadInput as problem:
            request.user.refresh_from_db()
            told(form, problem)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:profile")
    api = api_call(request, "accounts:api_me")
    page = {"form": form, "second_factor": has_second_factor(request.user), "api": api}
    return render(request, "accounts/profile.html", page, status=422 if form.errors else 200)


def password_fits(request: PersonRequest, form: ProfileForm) -> bool:
    """Whether the password is right where one is needed; wrong ones count against the limit for signing in."""
    if not form.wants_password:
        return True
    try:
        right = get_adapter(request).reauthenticate(request.user, form.cleaned_data["password"])
    except ValidationError as problem:
        form.add_error("password", problem)
        return False
    if not right:
        form.add_error("password", _("This is not your password. It is needed to change your name or address."))
    return bool(right)


@never_cache
@signed_in(methods=("GET", "POST"))
def tokens(request: PersonRequest) -> HttpResponse:
    """API tokens; a new one's secret is shown in the answer to its form, once."""
    now = timezone.now()
    memberships = memberships_of(request.user)
    form = TokenForm(request.POST or None, memberships=memberships)
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = create_token(
                person=request.user,
                name=form.cleaned_data["name"],
                project=form.projects.get(form.cleaned_data["project"]),
                read_only=form.cleaned_data["read_only"],
                expires_at=form.expires_at(now),
                now=now,
            )
        except BadInput as problem:
            told(form, problem)
        else:
            form = TokenForm(memberships=memberships)
    page = {"form": form, "secret": secret, "tokens": tokens_of(request.user), "now": now}
    page["api"] = api_call(request, "accounts:api_tokens")
    return render(request, "accounts/tokens.html", page, status=422 if form.errors else 200)


@signed_in(methods=("POST",))
def revoke(request: PersonRequest, token_id: int) -> HttpResponse:
    """Take one of one's own tokens back."""
    token = token_of(request.user, token_id)
    if token is None:
        raise Http404
    revoke_token(token=token, actor=request.user, now=timezone.now())
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return redirect("accounts:tokens")
