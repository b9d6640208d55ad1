"""Addresses of people, projects and administration; allauth's are listed one by one, so that none is open unseen."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.urls import path, re_path
from django.views.decorators.http import require_http_methods

from webapp.accounts import api
from webapp.accounts.views import account as mine
from webapp.accounts.views import administration, home, invitations, people, projects, trail
from webapp.accounts.views.resets import ForgottenPassword

app_name = "accounts"

urlpatterns = [
    path("", home.home, name="home"),
    path("setup/<str:secret>/", invitations.setup, name="setup"),
    path("invitations/<str:secret>/", invitations.invitation, name="invitation"),
    path("projects/new/", projects.new, name="project_new"),
    path("p/<slug:slug>/", projects.project, name="project"),
    path("p/<slug:slug>/settings/", projects.settings, name="project_settings"),
    path("p/<slug:slug>/people/", people.people, name="people"),
    path("p/<slug:slug>/people/<int:person_id>/role/", people.change_role, name="member_role"),
    path("p/<slug:slug>/people/<int:person_id>/remove/", people.remove, name="member_remove"),
    path("p/<slug:slug>/invitations/<int:invitation_id>/revoke/", people.revoke, name="invitation_revoke"),
    path("p/<slug:slug>/audit/", trail.project_trail, name="trail"),
    path("account/profile/", mine.profile, name="profile"),
    path("account/tokens/", mine.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke/", mine.revoke, name="token_revoke"),
    path("administration/", administration.index, name="administration"),
    path("administration/people/", administration.people, name="administration_people"),
    path("administration/people/<int:person_id>/", administration.person, name="administration_person"),
    path("administration/people/<int:person_id>/deactivate/", administration.deactivate, name="person_deactivate"),
    path("administration/people/<int:person_id>/reactivate/", administration.reactivate, name="person_reactivate"),
    path("administration/people/<int:person_id>/promote/", administration.promote, name="person_promote"),
    path("administration/people/<int:person_id>/demote/", administration.demote, name="person_demote"),
    path(
        "administration/people/<int:person_id>/second-factor/",
        administration.clear_second_factor,
        name="person_second_factor",
    ),
    path(
        "administration/invitations/<int:invitation_id>/revoke/",
        administration.revoke,
        name="account_invitation_revoke",
    ),
    path("administration/projects/", administration.projects, name="administration_projects"),
    path("administration/projects/<int:project_id>/owners/", administration.add_owner, name="project_add_owner"),
    path("administration/audit/", trail.whole_trail, name="administration_trail"),
    path("api/v1/", api.Root.as_view(), name="api_root"),
    path("api/v1/schema/", api.Schema.as_view(), name="api_schema"),
    path("api/v1/me/", api.Me.as_view(), name="api_me"),
    path("api/v1/me/tokens/", api.Tokens.as_view(), name="api_tokens"),
    path("api/v1/me/tokens/<int:token_id>/", api.Token.as_view(), name="api_token"),
    path("api/v1/projects/", api.Projects.as_view(), name="api_projects"),
    path("api/v1/projects/<slug:slug>/", api.ProjectDetail.as_view(), name="api_project"),
    path("api/v1/projects/<slug:slug>/people/", api.Members.as_view(), name="api_members"),
    path("api/v1/projects/<slug:slug>/people/<int:person_id>/", api.Member.as_view(), name="api_member"),
    path("api/v1/projects/<slug:slug>/invitations/", api.Invitations.as_view(), name="api_invitations"),
    path(
        "api/v1/projects/<slug:slug>/invitations/<int:invitation_id>/",
        api.InvitationDetail.as_view(),
        name="api_invitation",
    ),
    path("api/v1/projects/<slug:slug>/audit/", api.Trail.as_view(), name="api_trail"),
    path("api/v1/administration/people/", api.People.as_view(), name="api_people"),
    path("api/v1/administration/people/<int:person_id>/", api.Person.as_view(), name="api_person"),
    path("api/v1/administration/people/<int:person_id>/reset-link/", api.ResetLink.as_view(), name="api_reset_link"),
    path(
        "api/v1/administration/people/<int:person_id>/second-factor/",
        api.SecondFactor.as_view(),
        name="api_second_factor",
    ),
    path("api/v1/administration/projects/", api.AllProjects.as_view(), name="api_all_projects"),
    path("api/v1/administration/projects/<int:project_id>/owners/", api.Owners.as_view(), name="api_owners"),
    path("api/v1/administration/invitations/", api.AccountInvitations.as_view(), name="api_account_invitations"),
    path(
        "api/v1/administration/invitations/<int:invitation_id>/",
        api.AccountInvitation.as_view(),
        name="api_account_invitation",
    ),
    path("api/v1/administration/audit/", api.WholeTrail.as_view(), name="api_whole_trail"),
]

reading = require_http_methods(["GET", "HEAD"])
form = require_http_methods(["GET", "HEAD", "POST"])

# Their names carry no app: allauth itself asks for them so.
allauth_urlpatterns = [
    path("account/login/", form(account.login), name="account_login"),
    path("account/logout/", form(account.logout), name="account_logout"),
    path("account/inactive/", reading(account.account_inactive), name="account_inactive"),
    path("account/signup/", form(account.signup), name="account_signup"),  # closed; says how to get in
    path("account/reauthenticate/", form(account.reauthenticate), name="account_reauthenticate"),
    path("account/password/change/", form(account.password_change), name="account_change_password"),
    path("account/password/set/", form(account.password_set), name="account_set_password"),
    path("account/password/reset/", form(ForgottenPassword.as_view()), name="account_reset_password"),
    path("account/password/reset/done/", reading(account.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        form(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/reset/key/done/",
        reading(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("account/2fa/", reading(factor.index), name="mfa_index"),
    path("account/2fa/authenticate/", form(factor.authenticate), name="mfa_authenticate"),
    path("account/2fa/reauthenticate/", form(factor.reauthenticate), name="mfa_reauthenticate"),
    path("account/2fa/totp/activate/", form(totp.activate_totp), name="mfa_activate_totp"),
    path("account/2fa/totp/deactivate/", form(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/2fa/recovery-codes/", reading(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "account/2fa/recovery-codes/generate/", form(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"
    ),
    path(
        "account/2fa/recovery-codes/download/",
        reading(codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
]
