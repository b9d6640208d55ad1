"""The API of people and projects, its root and its schema. What the pages do, programs can do."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.actions import people, projects, record
from webapp.accounts.actions.invitations import invite, revoke_invitation
from webapp.accounts.actions.tokens import revoke_token
from webapp.accounts.capabilities import CAPABILITIES, OWNER, ROLES, role_may
from webapp.accounts.doors import AdministratorAPIView, PersonAPIView, PersonRequest, ProjectAPIView
from webapp.accounts.forms import LANGUAGES, ProfileForm
from webapp.accounts.models import ApiToken, AuditEvent, Invitation, Membership, User
from webapp.accounts.queries import memberships_of, token_reaches
from webapp.accounts.queries import people as queries
from webapp.accounts.queries import trail as trails
from webapp.accounts.views.account import password_fits
from webapp.accounts.views.home import may_create_projects
from webapp.accounts.views.links import reset_link
from webapp.api import KeysetPagination, checked, narrowed


class TokenScheme(OpenApiAuthenticationExtension):
    """Tells the schema how the token travels."""

    target_class = "webapp.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "An API token from your account page."}


class ProjectWritten(serializers.Serializer[Any]):
    """A project as it is made or changed."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class ProjectShown(serializers.Serializer[Any]):
    """A project as its member sees it."""

    slug = serializers.CharField(source="project.slug")
    name = serializers.CharField(source="project.name")
    description = serializers.CharField(source="project.description")
    role = serializers.ChoiceField(choices=list(ROLES.items()))
    capabilities = serializers.SerializerMethodField(help_text="What this role may do here.")
    created_at = serializers.DateTimeField(source="project.created_at")

    def get_capabilities(self, membership: Membership) -> list[str]:
        """Names of capabilities, sorted."""
        return sorted(name for name in CAPABILITIES if role_may(membership.role, name))


class MemberShown(serializers.Serializer[Any]):
    """Somebody in a project."""

    id = serializers.IntegerField(source="user.id")
    username = serializers.CharField(source="user.username")
    role = serializers.ChoiceField(choices=list(ROLES.items()))
    since = serializers.DateTimeField(source="created_at")


class RoleWritten(serializers.Serializer[Any]):
    """A member's new role."""

    role = serializers.ChoiceField(choices=list(ROLES.items()))


class InvitationWritten(RoleWritten):
    """Somebody to be let in."""

    email = serializers.EmailField(required=False, allow_blank=True, default="")


class InvitationShown(serializers.Serializer[Any]):
    """An invitation that waits; its link is shown only in the answer that makes it."""

    id = serializers.IntegerField()
    email = serializers.EmailField()
    role = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    link = serializers.SerializerMethodField()

    def get_link(self, invitation: Invitation) -> str | None:
        """The address to send to the person, once."""
        return self.context.get("link")


class EventShown(serializers.ModelSerializer[AuditEvent]):
    """One thing that somebody did."""

    class Meta:
        model = AuditEvent
        fields = [
            "id", "at", "actor_id", "actor_name", "project_id", "project_name", "verb", "target", "details", "address",
        ]  # fmt: skip


class PersonShown(serializers.Serializer[Any]):
    """An account, for administrators."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.EmailField()
    is_active = serializers.BooleanField()
    administrator = serializers.BooleanField(source="is_superuser")
    second_factor = serializers.BooleanField()
    project_count = serializers.IntegerField()
    last_login = serializers.DateTimeField(allow_null=True)


class PersonWritten(serializers.Serializer[Any]):
    """What an administrator changes of an account."""

    is_active = serializers.BooleanField(required=False)
    administrator = serializers.BooleanField(required=False)


class AccountInvitationWritten(serializers.Serializer[Any]):
    """Somebody to get an account, for the time being in no project."""

    email = serializers.EmailField(required=False, allow_blank=True, default="")


class LinkShown(serializers.Serializer[Any]):
    """A link that is shown once."""

    link = serializers.URLField()


class MeShown(serializers.Serializer[Any]):
    """Who asks."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.CharField()
    administrator = serializers.BooleanField(source="is_superuser")


class MeWritten(serializers.Serializer[Any]):
    """What a person changes about themselves; another name or address wants the password."""

    username = serializers.CharField(max_length=150, required=False)
    email = serializers.EmailField(required=False)
    language = serializers.ChoiceField(choices=list(LANGUAGES), required=False)
    password = serializers.CharField(max_length=200, required=False, write_only=True, trim_whitespace=False)


class TokenShown(serializers.ModelSerializer[ApiToken]):
    """A key for programs, without its secret."""

    project = serializers.CharField(source="project.slug", default=None, help_text="Null: it reaches every project.")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "project", "read_only", "created_at", "expires_at", "last_used_at"]


class ProjectOwned(serializers.Serializer[Any]):
    """A project for administrators: by name only, what is in it is for its members."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    owners = serializers.ListField(child=serializers.CharField())
    member_count = serializers.IntegerField()


class OwnerWritten(serializers.Serializer[Any]):
    """Who shall own a project."""

    username = serializers.CharField(max_length=150)


@cache
def _description() -> dict[str, Any]:
    generator = SchemaGenerator(urlconf=settings.ROOT_URLCONF, api_version="v1")
    return cast(dict[str, Any], generator.get_schema(request=None, public=True))


class Root(PersonAPIView):
    """Where to begin."""

    @extend_schema(responses={200: dict[str, str]}, operation_id="root")
    def get(self, request: Request) -> Response:
        """Addresses of the schema, of yourself and of your projects."""
        names = {"schema": "accounts:api_schema", "me": "accounts:api_me", "projects": "accounts:api_projects"}
        return Response({name: request.build_absolute_uri(reverse(url)) for name, url in names.items()})


class Schema(PersonAPIView):
    """The OpenAPI description of everything here, made once a process: it is the same for everybody."""

    schema = None

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The description as JSON."""
        return Response(_description(), content_type="application/vnd.oai.openapi+json")


class Me(PersonAPIView):
    """Who asks."""

    serializer_class = MeShown

    def get(self, request: Request) -> Response:
        """The account behind the session or token."""
        return Response(MeShown(self.person).data)

    @extend_schema(request=MeWritten, responses={200: MeShown})
    def patch(self, request: Request) -> Response:
        """Change name, address or language; `password` is wanted for the first two. Not with a project's token."""
        _refuse_bound(self)
        held = {"username": self.person.username, "email": self.person.email, "language": self.person.language}
        form = ProfileForm(held | checked(MeWritten, request), person=self.person)
        if not form.is_valid() or not password_fits(cast(PersonRequest, request._request), form):
            raise serializers.ValidationError({name: [str(text) for text in form.errors[name]] for name in form.errors})
        given = {name: form.cleaned_data[name] for name in held}
        return Response(MeShown(people.change_profile(person=self.person, now=timezone.now(), **given)).data)


class Tokens(PersonAPIView):
    """The API tokens of whoever asks. New ones are made on the account page alone: a secret is shown to a person."""

    serializer_class = TokenShown
    pagination_class = None

    @extend_schema(responses=TokenShown(many=True), operation_id="tokens_list")
    def get(self, request: Request) -> Response:
        """Those not taken back, newest first. Not with a project's token."""
        _refuse_bound(self)
        return Response(TokenShown(queries.tokens_of(self.person), many=True).data)


class Token(PersonAPIView):
    """One of them."""

    serializer_class = TokenShown

    @extend_schema(operation_id="tokens_revoke")
    def delete(self, request: Request, token_id: int) -> Response:
        """Take it back; it stops at once. Not with a project's token."""
        _refuse_bound(self)
        token = queries.token_of(self.person, token_id)
        if token is None:
            raise Http404
        revoke_token(token=token, actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _refuse_bound(view: PersonAPIView) -> None:
    """A token that reaches one project does not reach its person's account."""
    if view.token is not None and view.token.project_id is not None:
        raise PermissionDenied


class Projects(PersonAPIView):
    """The projects of whoever asks."""

    serializer_class = ProjectShown
    pagination_class = None

    @extend_schema(responses=ProjectShown(many=True))
    def get(self, request: Request) -> Response:
        """Projects this token or session reaches, by name."""
        held = [row for row in memberships_of(self.person) if token_reaches(self.token, row.project_id)]
        return Response(ProjectShown(held, many=True).data)

    @extend_schema(request=ProjectWritten, responses={201: ProjectShown})
    def post(self, request: Request) -> Response:
        """Make a project and own it."""
        bound = self.token is not None and self.token.project_id is not None
        if bound or not may_create_projects(self.person, memberships_of(self.person)):
            raise PermissionDenied
        given = checked(ProjectWritten, request)
        made = projects.create_project(owner=self.person, actor=self.person, now=timezone.now(), **given)
        membership = queries.member(made, self.person.pk)
        return Response(ProjectShown(membership).data, status=status.HTTP_201_CREATED)


class ProjectDetail(ProjectAPIView):
    """One project."""

    capability = {"GET": "project.view", "PATCH": "project.manage"}
    serializer_class = ProjectShown

    def get(self, request: Request, slug: str) -> Response:
        """Name, description, your role and what it lets you do."""
        return Response(ProjectShown(self.membership).data)

    @extend_schema(request=ProjectWritten, responses={200: ProjectShown})
    def patch(self, request: Request, slug: str) -> Response:
        """Rename or describe it; its address stays."""
        held = {"name": self.project.name, "description": self.project.description}
        given = held | checked(ProjectWritten, request, partial=True)
        projects.change_project(project=self.project, actor=self.person, now=timezone.now(), **given)
        return Response(ProjectShown(self.membership).data)


class Members(ProjectAPIView):
    """Everybody in a project."""

    capability = {"GET": "people.view"}
    serializer_class = MemberShown
    pagination_class = None

    @extend_schema(responses=MemberShown(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Members by name."""
        return Response(MemberShown(queries.members(self.project), many=True).data)


class Member(ProjectAPIView):
    """One member."""

    capability = {"GET": "people.view", "PATCH": "people.manage", "DELETE": "people.manage"}
    serializer_class = MemberShown

    def get(self, request: Request, slug: str, person_id: int) -> Response:
        """Name and role."""
        return Response(MemberShown(self._member(person_id)).data)

    @extend_schema(request=RoleWritten, responses={200: MemberShown})
    def patch(self, request: Request, slug: str, person_id: int) -> Response:
        """Give another role; the last owner keeps theirs."""
        membership, given = self._member(person_id), checked(RoleWritten, request)
        changed = projects.change_role(membership=membership, role=given["role"], actor=self.person, now=timezone.now())
        return Response(MemberShown(changed).data)

    def delete(self, request: Request, slug: str, person_id: int) -> Response:
        """Take out of the project; the last owner stays."""
        projects.remove_member(membership=self._member(person_id), actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _member(self, person_id: int) -> Membership:
        membership = queries.member(self.project, person_id)
        if membership is None:
            raise Http404
        return membership


class Invitations(ProjectAPIView):
    """Links that let somebody into a project."""

    capability = {"GET": "people.manage", "POST": "people.manage"}
    serializer_class = InvitationShown
    pagination_class = None

    @extend_schema(responses=InvitationShown(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Invitations that can still be used, newest first."""
        return Response(InvitationShown(queries.open_invitations(self.project, timezone.now()), many=True).data)

    @extend_schema(request=InvitationWritten, responses={201: InvitationShown})
    def post(self, request: Request, slug: str) -> Response:
        """Make one; `link` is shown in this answer and never again."""
        given = checked(InvitationWritten, request)
        invitation, secret = invite(project=self.project, actor=self.person, now=timezone.now(), **given)
        link = request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))
        return _once(InvitationShown(invitation, context={"link": link}).data)


class InvitationDetail(ProjectAPIView):
    """One invitation."""

    capability = {"DELETE": "people.manage"}
    serializer_class = InvitationShown

    def delete(self, request: Request, slug: str, invitation_id: int) -> Response:
        """Take it back."""
        invitation = queries.invitation_of(self.project, invitation_id)
        if invitation is None:
            raise Http404
        revoke_invitation(invitation=invitation, actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


TRAIL_FILTERS = [
    OpenApiParameter("verb", str, description="One verb, `member.removed`, or all of a kind, `member`."),
    OpenApiParameter("actor", str, description="The name of who did it."),
]
TRAIL_NARROWING: dict[str, Any] = {
    "verb": trails.of_verb,
    "actor": lambda rows, text: rows.filter(actor_name=text),
}


@extend_schema(parameters=TRAIL_FILTERS)
class Trail(ProjectAPIView):
    """What was done in a project."""

    capability = {"GET": "audit.view"}
    serializer_class = EventShown
    pagination_class = KeysetPagination

    @extend_schema(responses=EventShown(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Events, newest first."""
        rows = narrowed(trails.events(self.project.pk), request, filters=TRAIL_NARROWING)
        return self.get_paginated_response(EventShown(self.paginate_queryset(rows), many=True).data)


@extend_schema(parameters=TRAIL_FILTERS)
class WholeTrail(AdministratorAPIView):
    """What was done anywhere."""

    serializer_class = EventShown
    pagination_class = KeysetPagination

    @extend_schema(responses=EventShown(many=True))
    def get(self, request: Request) -> Response:
        """Events, newest first."""
        rows = narrowed(trails.events(None), request, filters=TRAIL_NARROWING)
        return self.get_paginated_response(EventShown(self.paginate_queryset(rows), many=True).data)


class People(AdministratorAPIView):
    """Everybody with an account."""

    serializer_class = PersonShown
    pagination_class = None

    @extend_schema(responses=PersonShown(many=True))
    def get(self, request: Request) -> Response:
        """Accounts by name."""
        return Response(PersonShown(queries.people(), many=True).data)


class Person(AdministratorAPIView):
    """One account."""

    serializer_class = PersonShown

    def get(self, request: Request, person_id: int) -> Response:
        """Name, address, what it may do."""
        return Response(PersonShown(self._person(person_id)).data)

    @extend_schema(request=PersonWritten, responses={200: PersonShown})
    def patch(self, request: Request, person_id: int) -> Response:
        """Shut or open the account; let administer or no longer."""
        shown, given = self._person(person_id), checked(PersonWritten, request)
        told: dict[str, Any] = {"person": shown, "actor": self.person, "now": timezone.now()}
        with transaction.atomic():
            if "administrator" in given:
                people.set_administrator(administrator=given["administrator"], **told)
            if given.get("is_active", shown.is_active) != shown.is_active:
                (people.reactivate if given["is_active"] else people.deactivate)(**told)
        return Response(PersonShown(self._person(person_id)).data)

    def _person(self, person_id: int) -> User:
        found = queries.person_counted(person_id)
        if found is None:
            raise Http404
        return found


class ResetLink(AdministratorAPIView):
    """A way for somebody to choose a new password."""

    serializer_class = LinkShown

    @extend_schema(request=None, responses={201: LinkShown})
    def post(self, request: Request, person_id: int) -> Response:
        """Make a link; it is shown in this answer and never again."""
        shown = queries.person(person_id)
        if shown is None or not shown.is_active:
            raise Http404
        record(verb="person.reset_link_made", actor=self.person, target=shown.username, now=timezone.now())
        return _once({"link": reset_link(request, shown)})


class SecondFactor(AdministratorAPIView):
    """The second factor of an account."""

    serializer_class = PersonShown

    @extend_schema(operation_id="second_factor_clear")
    def delete(self, request: Request, person_id: int) -> Response:
        """Take it off for somebody who has lost it."""
        shown = queries.person(person_id)
        if shown is None:
            raise Http404
        people.clear_second_factor(person=shown, actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class AllProjects(AdministratorAPIView):
    """Every project there is, for administrators."""

    serializer_class = ProjectOwned
    pagination_class = None

    @extend_schema(responses=ProjectOwned(many=True), operation_id="all_projects")
    def get(self, request: Request) -> Response:
        """By name, with their owners."""
        return Response(ProjectOwned(queries.projects_with_owners(), many=True).data)


class Owners(AdministratorAPIView):
    """The owners of a project, for administrators."""

    serializer_class = MemberShown

    @extend_schema(request=OwnerWritten, responses={201: MemberShown}, operation_id="project_owner_add")
    def post(self, request: Request, project_id: int) -> Response:
        """Give a project that has lost its owner a new one."""
        project = queries.project(project_id)
        if project is None:
            raise Http404
        owner = queries.active_person_named(checked(OwnerWritten, request)["username"])
        if owner is None:
            raise serializers.ValidationError({"username": [_("No account has this name. Nothing was changed.")]})
        projects.add_member(project=project, person=owner, role=OWNER, actor=self.person, now=timezone.now())
        return Response(MemberShown(queries.member(project, owner.pk)).data, status=status.HTTP_201_CREATED)


class AccountInvitations(AdministratorAPIView):
    """Links to the installation, into no project yet."""

    serializer_class = InvitationShown
    pagination_class = None

    @extend_schema(responses=InvitationShown(many=True))
    def get(self, request: Request) -> Response:
        """Invitations that can still be used, newest first."""
        return Response(InvitationShown(queries.open_invitations(None, timezone.now()), many=True).data)

    @extend_schema(request=AccountInvitationWritten, responses={201: InvitationShown})
    def post(self, request: Request) -> Response:
        """Make one; `link` is shown in this answer and never again."""
        given = checked(AccountInvitationWritten, request)
        invitation, secret = invite(project=None, role="", actor=self.person, now=timezone.now(), **given)
        link = request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))
        return _once(InvitationShown(invitation, context={"link": link}).data)


class AccountInvitation(AdministratorAPIView):
    """One of them."""

    serializer_class = InvitationShown

    def delete(self, request: Request, invitation_id: int) -> Response:
        """Take it back."""
        invitation = queries.invitation_of(None, invitation_id)
        if invitation is None:
            raise Http404
        revoke_invitation(invitation=invitation, actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _once(body: Any) -> Response:
    """An answer with a secret in it: no cache keeps it."""
    return Response(body, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})
