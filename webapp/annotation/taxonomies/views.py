"""Pages of taxonomies: the list, the guide as people read it, the editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT, LANGUAGES
from ml_core.taxonomy import Taxonomy as Document
from ml_core.taxonomy_of_classes import CLASSIFICATION
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.forms import told
from webapp.accounts.views.links import api_call
from webapp.annotation.models import Taxonomy, TaxonomyPicture, TaxonomyVersion
from webapp.annotation.taxonomies import actions, drafts, files, queries
from webapp.annotation.taxonomies.differences import differences
from webapp.annotation.taxonomies.drafts import Draft
from webapp.annotation.taxonomies.examples import Offer, offered_by_case, offered_by_sample
from webapp.annotation.taxonomies.forms import ExampleForm, FileForm, NewForm
from webapp.annotation.taxonomies.guides import as_html
from webapp.corpora.displaying import MEDIA_TYPE

BEGINNINGS = {"default": DEFAULT, "classes": CLASSIFICATION}
NAMES = {"en": "English", "zh-hans": "简体中文"}


@dataclass(frozen=True)
class Example:
    """An example picture under its choice."""

    choice: str
    picture: TaxonomyPicture
    note: str


@project_page("taxonomy.view", post="taxonomy.manage")
def taxonomies(request: ProjectRequest) -> HttpResponse:
    """Every taxonomy; POST begins one, empty-handed, as a copy, or from a file."""
    project, now = request.project, timezone.now()
    versions = queries.versions_to_use(project)
    begin = [
        ("default", _("The default seven")),
        ("classes", _("Seven for classifications")),
        *((str(row.pk), label) for row, label in versions),
    ]
    sent = request.method == "POST"
    of_file = sent and "file" in request.FILES
    form = NewForm(request.POST if sent and not of_file else None, versions=begin)
    file_form = FileForm(request.POST if of_file else None, request.FILES if of_file else None)
    current = file_form if of_file else form
    if sent and current.is_valid():
        try:
            made = _from_file(request, file_form, now) if of_file else _begun(request, form, now)
        except BadInput as problem:
            told(current, problem)
        else:
            return redirect("annotation:taxonomy", project.slug, made.taxonomy_id)
    page = {
        "project": project,
        "rows": queries.taxonomies_of(project, get_language() or "en"),
        "form": form,
        "file_form": file_form,
        "may_manage": role_may(request.role, "taxonomy.manage"),
        "api": api_call(request, "annotation:api_taxonomies", slug=project.slug),
    }
    _mark(request)
    return render(request, "annotation/taxonomies/list.html", page, status=422 if sent else 200)


@project_page("taxonomy.view")
def taxonomy(request: ProjectRequest, taxonomy_id: int, number: int | None = None) -> HttpResponse:
    """A version as people read it: the newest, or the one of the address, with what it changed."""
    found = _found(request, taxonomy_id)
    versions = queries.versions_of(found)
    version = next((row for row in versions if number in (None, row.number)), None)
    if version is None:
        raise Http404("No such version.")
    before = next((row for row in versions if row.number == version.number - 1), None)
    document = Document.model_validate(version.document)
    examples = _examples(found, version)
    language = request.GET.get("language", get_language() or "en")
    language = language if language in LANGUAGES else "en"
    page = {
        "project": request.project,
        "taxonomy": found,
        "version": version,
        "versions": versions,
        "newest": versions[0],
        "language": language,
        "languages": [(NAMES[code], f"?language={code}", code == language) for code in LANGUAGES],
        "categories": [_shown(category, language, examples) for category in document.categories],
        "rules": document.rules.get(language) or document.rules.get("en", ()),
        "guide": _guide(version, language),
        "changes": _changes(before, version) if before else [],
        "campaigns": queries.campaigns_with(found) if role_may(request.role, "campaign.view") else [],
        "may_manage": role_may(request.role, "taxonomy.manage"),
        "api": api_call(request, "annotation:api_taxonomy", slug=request.project.slug, taxonomy_id=found.pk),
    }
    return render(request, "annotation/taxonomies/taxonomy.html", page)


@project_page("taxonomy.manage", post="taxonomy.manage")
def edit(request: ProjectRequest, taxonomy_id: int) -> HttpResponse:
    """The editor. Its small buttons come back with the draft changed; saving writes the next version."""
    found = _found(request, taxonomy_id)
    newest = queries.versions_of(found)[0]
    wrong: list[tuple[str, str]] = []
    if request.method == "POST":
        draft = drafts.read(request.POST)
        wrong += _take_picture(request, found, draft)
        if request.POST.get("do", "") == "save" and not wrong:
            document, wrong = drafts.checked(draft)
            wrong += _stale(request, newest)
            if document is not None and not wrong:
                return _saved(request, found, newest, document, draft)
    else:
        draft = drafts.draft_of(Document.model_validate(newest.document), newest.guide, newest.examples)
        draft.examples += _brought(request, found)
    page = {
        "project": request.project,
        "taxonomy": found,
        "newest": newest,
        "draft": draft,
        "wrong": wrong,
        "wrong_at": dict(wrong),
        "pictures": queries.pictures_of(found),
        "languages": [(code, NAMES[code]) for code in LANGUAGES],
    }
    status = 422 if wrong else 200
    return render(request, "annotation/taxonomies/edit.html", page, status=status)


@project_page("taxonomy.manage", post="taxonomy.manage")
def example_of_case(request: ProjectRequest, run_id: int, number: int) -> HttpResponse:
    """The pictures of a case, of which one goes as an example into a draft."""
    return _example(request, offered_by_case(request.project, run_id, number))


@project_page("taxonomy.manage", post="taxonomy.manage")
def example_of_sample(request: ProjectRequest, campaign_id: int, task_id: int) -> HttpResponse:
    """The pictures of a sample, likewise."""
    return _example(request, offered_by_sample(request.project, campaign_id, task_id))


def _example(request: ProjectRequest, found: list[Offer] | None) -> HttpResponse:
    if found is None:
        raise Http404("No such case and no such sample.")
    _mark(request)
    offers = {offer.side: offer for offer in found}
    choices = queries.choices_to_show(request.project, get_language() or "en")
    sides = [(side, offer.words) for side, offer in offers.items()]
    form = ExampleForm(request.POST or None, sides=sides, choices=choices, initial={"side": next(iter(offers), "")})
    if request.method == "POST" and form.is_valid():
        try:
            return _into_draft(request, offers[form.cleaned_data["side"]], form)
        except BadInput as problem:
            told(form, problem)
    chosen = form["side"].value()
    page = {
        "project": request.project,
        "form": form,
        "pictures": [(offer, _address(request, offer), offer.side == chosen) for offer in offers.values()],
        "taxonomies": len(choices),
    }
    return render(request, "annotation/taxonomies/example.html", page, status=422 if form.errors else 200)


@project_page(post="taxonomy.manage")
def archive(request: ProjectRequest, taxonomy_id: int) -> HttpResponse:
    """Out of what new campaigns may choose, or back."""
    found = _found(request, taxonomy_id)
    archived = request.POST.get("archived") == "yes"
    actions.archive_taxonomy(taxonomy=found, archived=archived, actor=request.user, now=timezone.now())
    messages.success(
        request, _("Archived: open campaigns go on with it.") if archived else _("It can be chosen again.")
    )
    return redirect("annotation:taxonomy", request.project.slug, found.pk)


@project_page("taxonomy.view")
def file(request: ProjectRequest, taxonomy_id: int, number: int) -> HttpResponse:
    """A version as JSON."""
    found = _found(request, taxonomy_id)
    version = next((row for row in queries.versions_of(found) if row.number == number), None)
    if version is None:
        raise Http404("No such version.")
    version.taxonomy = found
    response = JsonResponse(files.written(version), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="taxonomy-{found.pk}-{number}.json"'
    return response


@project_page("taxonomy.view")
def picture(request: ProjectRequest, taxonomy_id: int, picture_id: int) -> HttpResponse:
    """An example picture, as it was re-encoded."""
    kept = queries.picture_of(_found(request, taxonomy_id), picture_id)
    data = queries.bytes_of(kept) if kept else None
    if data is None:
        raise Http404("No such picture.")
    response = HttpResponse(data, content_type=MEDIA_TYPE, headers={"X-Content-Type-Options": "nosniff"})
    patch_cache_control(response, private=True, max_age=86_400, immutable=True)
    return response


def _begun(request: ProjectRequest, form: NewForm, now: Any) -> TaxonomyVersion:
    name, begin = form.cleaned_data["name"], form.cleaned_data["begin"]
    by: dict[str, Any] = {"project": request.project, "name": name, "actor": request.user, "now": now}
    if begin in BEGINNINGS:
        return actions.create_taxonomy(document=BEGINNINGS[begin], **by)
    version = queries.version_of(request.project, int(begin))
    if version is None:
        raise BadInput(_("There is no such version."), field="begin")
    return actions.copy_taxonomy(version=version, **by)


def _from_file(request: ProjectRequest, form: FileForm, now: Any) -> TaxonomyVersion:
    name, document, guide = files.read(form.cleaned_data["file"].read(files.MOST_BYTES + 1))
    return actions.create_taxonomy(
        project=request.project, name=form.cleaned_data["import_name"] or name, document=document, guide=guide,
        actor=request.user, now=now,
    )  # fmt: skip


def _take_picture(request: ProjectRequest, found: Taxonomy, draft: Draft) -> list[tuple[str, str]]:
    """The uploaded picture, if there is one, as one more example of the draft; what is wrong with it otherwise."""
    upload = request.FILES.get("picture")
    if upload is None:
        return []
    try:
        kept = actions.keep_picture(taxonomy=found, data=upload.read(), now=timezone.now())
    except BadInput as problem:
        return [("picture", str(problem))]
    choice = request.POST.get("picture-choice", "")[:40]
    draft.examples.append({"choice": choice, "picture": kept.pk, "note": request.POST.get("picture-note", "")[:300]})
    return []


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _address(request: ProjectRequest, offer: Offer) -> str:
    """Where an offered picture is looked at."""
    slug = request.project.slug
    if not offer.key:
        return reverse("corpora:picture", args=[slug, offer.corpus_id, offer.number, "medium"])
    _, digest, name = offer.key.rsplit("/", 2)
    return reverse("annotation:upload_picture", args=[slug, digest, name.removesuffix(".webp")])


def _into_draft(request: ProjectRequest, offer: Offer, form: ExampleForm) -> HttpResponse:
    """Keeps the picture with the taxonomy and opens its editor with the example in the draft."""
    number, _colon, choice = form.cleaned_data["choice"].partition(":")
    found = _found(request, int(number))
    kept = actions.keep_picture(taxonomy=found, data=offer.data(), now=timezone.now())
    messages.success(request, _("The picture is in the draft: save a new version to keep it as an example."))
    where = reverse("annotation:taxonomy_edit", args=[request.project.slug, found.pk])
    asked = urlencode({"picture": kept.pk, "choice": choice, "note": form.cleaned_data["note"]})
    return redirect(f"{where}?{asked}#examples")


def _brought(request: ProjectRequest, found: Taxonomy) -> list[dict[str, Any]]:
    """The example that the address brings into a fresh draft, if it is one of the taxonomy's pictures."""
    number = _number(request.GET.get("picture"))
    if number is None or queries.picture_of(found, number) is None:
        return []
    return [
        {"choice": request.GET.get("choice", "")[:40], "picture": number, "note": request.GET.get("note", "")[:300]}
    ]


def _stale(request: ProjectRequest, newest: TaxonomyVersion) -> list[tuple[str, str]]:
    """Somebody else saved meanwhile: nothing of theirs is overwritten unseen."""
    if request.POST.get("base", str(newest.number)) == str(newest.number):
        return []
    return [
        ("note", _("Version %(n)d was saved while you edited. Look at it, then save again.") % {"n": newest.number})
    ]


def _saved(
    request: ProjectRequest, found: Taxonomy, newest: TaxonomyVersion, document: Document, draft: Draft
) -> HttpResponse:
    own = queries.pictures_of(found)
    made = actions.add_version(
        taxonomy=found,
        document=document,
        guide={code: text for code, text in draft.guide.items() if text.strip()},
        examples=[entry for entry in draft.examples if entry["picture"] in own],
        note=draft.note,
        actor=request.user,
        now=timezone.now(),
    )
    if made.pk == newest.pk:
        messages.info(request, _("Nothing was changed, so there is no new version."))
    else:
        messages.success(request, _("Saved as version %(n)d. Open campaigns keep theirs.") % {"n": made.number})
    return redirect("annotation:taxonomy", request.project.slug, found.pk)


def _changes(before: TaxonomyVersion, version: TaxonomyVersion) -> list[tuple[str, str, str]]:
    old, new = Document.model_validate(before.document), Document.model_validate(version.document)
    return differences(old, new, before.guide, version.guide)


def _guide(version: TaxonomyVersion, language: str) -> SafeString | str:
    text = version.guide.get(language) or version.guide.get("en", "")
    return as_html(text) if text else ""


def _examples(found: Taxonomy, version: TaxonomyVersion) -> dict[str, list[Example]]:
    pictures = queries.pictures_of(found) if version.examples else {}
    shown: dict[str, list[Example]] = {}
    for entry in version.examples:
        if entry["picture"] in pictures:
            one = Example(entry["choice"], pictures[entry["picture"]], entry.get("note", ""))
            shown.setdefault(entry["choice"], []).append(one)
    return shown


def _shown(category: Any, language: str, examples: dict[str, list[Example]]) -> dict[str, Any]:
    return {
        "key": category.key,
        "hotkey": category.hotkey,
        "colour": category.colour,
        "colour_dark": category.colour_dark,
        "words": category.say(language),
        "subtypes": [
            {"hotkey": one.hotkey, "words": one.say(language), "examples": examples.get(one.key, [])}
            for one in category.subtypes
        ],
        "examples": examples.get(category.key, []),
    }


def _mark(request: ProjectRequest) -> None:
    request.section = "campaigns"  # type: ignore[attr-defined]  # what the bar on top marks


def _found(request: ProjectRequest, taxonomy_id: int) -> Taxonomy:
    _mark(request)
    found = queries.taxonomy_of(request.project, taxonomy_id)
    if found is None:
        raise Http404("No such taxonomy.")
    return found
