"""The API's manners: problems, pages, filters by an allow-list, limits, and a schema that is whole."""

from __future__ import annotations

import json

import pytest
from django.test import Client, RequestFactory
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ml_core.spec import BadInput
from tests.webapp import people
from webapp.accounts.doors import PersonAPIView
from webapp.accounts.models import User
from webapp.api import checked, narrowed
from webapp.throttles import PersonThrottle

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


class Broken(PersonAPIView):
    """Fails in the way its address asks for."""

    def get(self, request: Request, how: str) -> Response:
        """Raise."""
        raise {
            "input": BadInput("The batch is too large. Choose at most 512.", field="batch"),
            "fault": RuntimeError("a secret detail"),
            "nested": ValidationError({"spec": {"seeds": [["not a number"]]}, "name": ["too long", "too odd"]}),
        }[how]


class Doorless(APIView):
    """Names no door."""

    def get(self, request: Request) -> Response:
        """Never reached."""
        return Response({})


urlpatterns = [path("api/v1/broken/<str:how>/", Broken.as_view()), path("api/v1/doorless/", Doorless.as_view())]
handler404 = "webapp.errors.not_found"
handler500 = "webapp.errors.fault"


@pytest.fixture
def dana(db: None) -> User:
    return people.person("dana")


@pytest.mark.urls(__name__)
def test_input_that_a_person_can_correct_is_a_400_at_its_field(dana: User):
    answer = people.browser(dana).get("/api/v1/broken/input/")
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    said = "The batch is too large. Choose at most 512."
    expected = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": said}
    assert answer.json() == expected | {"errors": [{"field": "batch", "detail": said}]}


@pytest.mark.urls(__name__)
def test_every_wrong_field_is_told_at_once_with_its_place(dana: User):
    errors = people.browser(dana).get("/api/v1/broken/nested/").json()["errors"]
    assert errors == [
        {"field": "spec.seeds", "detail": "not a number"},
        {"field": "name", "detail": "too long"},
        {"field": "name", "detail": "too odd"},
    ]


@pytest.mark.urls(__name__)
def test_a_fault_of_ours_tells_nothing_of_itself(dana: User):
    client = people.browser(dana)
    client.raise_request_exception = False
    answer = client.get("/api/v1/broken/fault/")
    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)
    assert b"secret" not in answer.content and b"Traceback" not in answer.content


@pytest.mark.urls(__name__)
def test_a_view_that_names_no_door_is_closed(dana: User):
    assert people.browser(dana).get("/api/v1/doorless/").status_code == 403


def test_an_address_that_does_not_exist_is_a_problem_for_programs_and_a_page_for_people(dana: User):
    answer = Client().get("/api/v1/nonsense/")
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)
    assert people.browser(dana).get("/nonsense/")["Content-Type"].startswith("text/html")


def test_a_stranger_gets_a_401_that_names_the_scheme():
    answer = Client().get("/api/v1/me/")
    assert (answer.status_code, answer["WWW-Authenticate"], answer["Content-Type"]) == (401, "Bearer", PROBLEM)


@pytest.mark.parametrize(
    "body",
    ["{", "[]", '"x"', '{"name": 1, "nonsense": 2}', '{"name": ""}', "null", "\ud800".encode("utf-8", "surrogatepass")],
)
def test_a_wrong_body_is_a_400_and_changes_nothing(body: str | bytes, dana: User):
    project = people.project("Kitchen", dana)
    client = people.browser(dana)
    answer = client.patch(f"/api/v1/projects/{project.slug}/", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    project.refresh_from_db()
    assert project.name == "Kitchen"


def test_only_json_is_understood(dana: User):
    project = people.project("Kitchen", dana)
    answer = people.browser(dana).patch(f"/api/v1/projects/{project.slug}/", "name: x", content_type="text/yaml")
    assert (answer.status_code, answer["Content-Type"]) == (415, PROBLEM)


class Named(serializers.Serializer):
    """A body with one field."""

    name = serializers.CharField(max_length=5)


def ask(query: str = "", body: object = None) -> Request:
    request = RequestFactory().post(f"/?{query}", json.dumps(body), content_type="application/json")
    return APIView().initialize_request(request)


def test_fields_that_do_not_exist_are_refused_by_name():
    with pytest.raises(ValidationError) as refused:
        checked(Named, Request(ask(body={"name": "x", "is_superuser": True})._request, parsers=APIView().get_parsers()))
    assert "is_superuser" in str(refused.value.detail)


FILTERS = {
    "active": lambda rows, text: rows.filter(is_active=text == "yes"),
    "id": lambda rows, text: rows.filter(pk=int(text)),
}
ORDERS = {"name": "username", "joined": ("-date_joined", "pk")}


def names(query: str) -> list[str]:
    rows = narrowed(User.objects.order_by("pk"), ask(query), filters=FILTERS, orders=ORDERS)
    return [user.username for user in rows]


def test_filters_and_orders_go_by_the_names_we_chose(dana: User):
    people.person("abe")
    assert names("") == ["dana", "abe"]
    assert names("order=name") == ["abe", "dana"]
    assert names("order=-joined") == ["dana", "abe"]
    assert names("active=no") == []
    assert names(f"id={dana.pk}") == ["dana"]
    assert names(f"id={10**30}") == []


@pytest.mark.parametrize(
    "query",
    [
        "password__startswith=a", "memberships__project__name=x", "is_superuser=1", "order=password",
        "order=memberships__role", "order=--name", "id=x", "pk__in=1",
    ],
)  # fmt: skip
def test_no_field_path_comes_from_outside(query: str, dana: User):
    with pytest.raises(ValidationError):
        names(query)


@pytest.mark.parametrize("cursor", ["nonsense", "AAAA", "cD0=", "%00", "x" * 5000])
def test_a_broken_cursor_is_a_404_problem_not_a_fault(cursor: str, dana: User):
    project = people.project("Kitchen", dana)
    answer = people.browser(dana).get(f"/api/v1/projects/{project.slug}/audit/?cursor={cursor}")
    assert answer.status_code in {200, 404}
    assert answer.status_code == 200 or answer["Content-Type"] == PROBLEM


def test_too_many_calls_are_told_to_wait(dana: User, monkeypatch):
    monkeypatch.setattr(PersonThrottle, "THROTTLE_RATES", {"person": "3/min", "write": "3/min"})
    client = people.browser(dana)
    answers = [client.get("/api/v1/me/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["Retry-After"]) <= 60 and answers[-1]["Content-Type"] == PROBLEM
    assert people.browser(people.person("abe")).get("/api/v1/me/").status_code == 200


def test_the_schema_describes_every_address_of_the_api(dana: User):
    schema = people.browser(dana).get("/api/v1/schema/").json()
    assert schema["openapi"].startswith("3.")
    assert {"/api/v1/me/", "/api/v1/projects/{slug}/audit/"} <= set(schema["paths"])
    names = [call["operationId"] for methods in schema["paths"].values() for call in methods.values()]
    assert len(names) == len(set(names))
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_projects_and_people_are_managed_by_programs_as_by_pages(dana: User):
    client = people.browser(dana)
    people.project("First", dana)
    json_ = {"content_type": "application/json"}
    made = client.post("/api/v1/projects/", {"name": "Kitchen"}, **json_)
    assert made.status_code == 201 and made.json()["role"] == "owner" and "run.launch" in made.json()["capabilities"]
    base = f"/api/v1/projects/{made.json()['slug']}/"
    invited = client.post(base + "invitations/", {"role": "viewer", "email": "abe@example.org"}, **json_)
    assert invited.status_code == 201 and "/invitations/" in invited.json()["link"]
    assert [row["link"] for row in client.get(base + "invitations/").json()] == [None]
    abe = people.person("abe")
    path_ = invited.json()["link"].removeprefix("http://testserver")
    assert people.browser(abe).post(path_).status_code == 302
    assert [row["username"] for row in client.get(base + "people/").json()] == ["abe", "dana"]
    assert client.patch(f"{base}people/{abe.pk}/", {"role": "reviewer"}, **json_).json()["role"] == "reviewer"
    refused = client.delete(f"{base}people/{dana.pk}/")
    assert refused.status_code == 400 and "needs an owner" in refused.json()["detail"]
    assert client.delete(f"{base}people/{abe.pk}/").status_code == 204


def test_administrators_do_by_program_what_their_pages_do(dana: User):
    chief = people.person("chief", administrator=True)
    client, json_ = people.browser(chief), {"content_type": "application/json"}
    base = f"/api/v1/administration/people/{dana.pk}/"
    assert client.patch(base, {"administrator": True}, **json_).json()["administrator"] is True
    link = client.post(base + "reset-link/").json()["link"]
    assert Client().get(link.removeprefix("http://testserver")).status_code == 302
    assert client.patch(base, {"is_active": False}, **json_).json()["is_active"] is False
    assert client.post(base + "reset-link/").status_code == 404
    refused = client.patch(f"/api/v1/administration/people/{chief.pk}/", {"administrator": False}, **json_)
    assert refused.status_code == 400 and "needs an administrator" in refused.json()["detail"]
    invited = client.post("/api/v1/administration/invitations/", {}, **json_).json()
    assert Client().get(invited["link"].removeprefix("http://testserver")).status_code == 200
    assert client.delete(f"/api/v1/administration/invitations/{invited['id']}/").status_code == 204
    assert client.get("/api/v1/administration/invitations/").json() == []
