"""The doors: every view stands behind one of these, and nothing is reachable without.

Pages (function views; `slug` is taken out of the address and not passed on):

    @project_page("run.view")                       # GET and HEAD
    @project_page("run.view", post="run.launch")    # GET as before, POST for those who may launch
    @project_page(post="run.delete")                # POST alone
    def page(request: ProjectRequest, run_id: int) -> HttpResponse: ...   # request.project, request.role, request.user

    @signed_in() · @administrator_page() · @open_page()      # methods=("GET", "POST") where a form is sent

The API (`self.project`, `self.role`, `self.membership`, `self.person`, `self.token`; `slug` stays in `self.kwargs`):

    class RunList(ProjectAPIView):
        capability = {"GET": "run.view", "POST": "run.launch"}

Who is no member gets 404 (that a project exists is not told), a member without the capability 403, a stranger the login
page (API: 401), a method that no capability is named for 405.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, cast

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, NotFound
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.views import APIView

from webapp.accounts.capabilities import role_may
from webapp.accounts.models import ApiToken, Membership, Project, User
from webapp.accounts.queries import membership_of, token_reaches

View = Callable[..., HttpResponseBase]
SAFE = frozenset({"GET", "HEAD"})


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


class ProjectRequest(PersonRequest):
    """A request that has passed a project's door."""

    project: Project
    role: str
    membership: Membership


@dataclass(frozen=True)
class Door:
    """What a view asks for: who (`open`, `person`, `administrator`, `project`) and, by method, which capability."""

    kind: str
    methods: frozenset[str]
    capability: Mapping[str, str] = field(default_factory=dict)


def _with_head(methods: Iterable[str]) -> frozenset[str]:
    named = frozenset(methods)
    return named | {"HEAD"} if "GET" in named else named


def _at_login(request: HttpRequest) -> HttpResponse:
    """Send a stranger to the login page; a live fragment makes its whole page reload instead, which then gets there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


def _marked(view: View, door: Door) -> View:
    """The door says what happens to strangers; the middleware that turns them away everywhere else leaves it alone."""
    view.door = door  # type: ignore[attr-defined]
    return login_not_required(view)


def open_page(*, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """A page for everybody, signed in or not: say it aloud, so that no page is open by forgetting."""
    door = Door("open", _with_head(methods))

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in door.methods:
                return HttpResponseNotAllowed(sorted(door.methods))
            return view(request, *args, **kwargs)

        return _marked(guarded, door)

    return decorate


def _person_door(door: Door, admit: Callable[[User], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _at_login(request)
            if not admit(request.user):
                raise PermissionDenied
            if request.method not in door.methods:
                return HttpResponseNotAllowed(sorted(door.methods))
            return view(request, *args, **kwargs)

        return _marked(guarded, door)

    return decorate


def signed_in(*, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """A page for everybody who is signed in; it shows a person what is theirs."""
    return _person_door(Door("person", _with_head(methods)), lambda user: True)


def administrator_page(*, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """A page for administrators of the installation."""
    return _person_door(Door("administrator", _with_head(methods)), lambda user: user.is_superuser)


def project_page(capability: str | None = None, *, post: str | None = None) -> Callable[[View], View]:
    """A page of a project: `capability` lets read (GET), `post` lets write (POST); a method without one is refused."""
    by_method = {"GET": capability, "HEAD": capability, "POST": post}
    needed = {method: name for method, name in by_method.items() if name}
    door = Door("project", frozenset(needed), needed)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _at_login(request)
            membership = membership_of(request.user, slug)
            if membership is None:
                raise Http404("No such project.")
            if request.method not in needed:
                return HttpResponseNotAllowed(sorted(door.methods))
            if not role_may(membership.role, needed[request.method]):
                raise PermissionDenied
            inside = cast(ProjectRequest, request)
            inside.project, inside.role, inside.membership = membership.project, membership.role, membership
            return view(inside, *args, **kwargs)

        return _marked(guarded, door)

    return decorate


class PersonDoor(APIView):
    """Mixed into an API view: people who are signed in or hold a token; a read-only token reads."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def check_permissions(self, request: Request) -> None:
        """Admit or raise: 401 for a stranger, 403 for a read-only token that would write."""
        if not request.user or not request.user.is_authenticated:
            raise NotAuthenticated
        if self.token is not None and self.token.read_only and request.method not in SAFE:
            raise ApiPermissionDenied("This token is read-only.")

    @property
    def token(self) -> ApiToken | None:
        """The API token the request came with; None for a session."""
        return self.request.auth if isinstance(self.request.auth, ApiToken) else None

    @property
    def person(self) -> User:
        """Who asks."""
        return cast(User, self.request.user)


class AdministratorDoor(PersonDoor):
    """Mixed into an API view: administrators; a token that is bound to a project does not open it."""

    def check_permissions(self, request: Request) -> None:
        """Admit or raise, as above; 403 for everybody else."""
        super().check_permissions(request)
        if not self.person.is_superuser or (self.token and self.token.project_id):
            raise ApiPermissionDenied


class ProjectDoor(PersonDoor):
    """Mixed into an API view: members whose role holds the capability that is named for the method."""

    capability: ClassVar[Mapping[str, str]] = {}
    project: Project
    role: str
    membership: Membership

    def check_permissions(self, request: Request) -> None:
        """Admit or raise: 404 for who is no member or whose token is bound elsewhere, 405, 403."""
        if not request.user or not request.user.is_authenticated:
            raise NotAuthenticated
        membership = membership_of(self.person, self.kwargs["slug"])
        if membership is None or not token_reaches(self.token, membership.project_id):
            raise NotFound
        super().check_permissions(request)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in self.capability:
            raise MethodNotAllowed(method)
        if not role_may(membership.role, self.capability[method]):
            raise ApiPermissionDenied
        self.membership, self.project, self.role = membership, membership.project, membership.role


class PersonAPIView(PersonDoor, GenericAPIView):
    """An API view for everybody who is signed in."""


class AdministratorAPIView(AdministratorDoor, GenericAPIView):
    """An API view for administrators."""


class ProjectAPIView(ProjectDoor, GenericAPIView):
    """An API view of a project: name a capability for each method."""
