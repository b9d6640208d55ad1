"""Pages of campaigns: the list, the plan before it is made, how far it is, and what is changed on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.forms import told
from webapp.accounts.models import Project, User
from webapp.accounts.views.links import api_call
from webapp.annotation.campaigns import actions, plans, queries, staff, states, uploads
from webapp.annotation.campaigns.forms import (
    CampaignForm,
    ChangeForm,
    JoinForm,
    QuotaForm,
    ReminderForm,
    UploadForm,
)
from webapp.annotation.campaigns.found import campaign_or_404
from webapp.annotation.campaigns.plans import Drawn, Wish
from webapp.annotation.campaigns.tasks import ordered
from webapp.annotation.campaigns.uploads import Sample, Upload
from webapp.annotation.models import Annotator, Campaign
from webapp.annotation.taxonomies import queries as taxonomies
from webapp.annotation.taxonomies.actions import CLASSIFY, default_version
from webapp.corpora.actions.uploads import refuse_larger
from webapp.corpora.displaying import MEDIA_TYPE
from webapp.corpora.files import store
from webapp.design.slides import Slide
from webapp.experiments.cases import filters as choices
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases import shown
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run
from webapp.experiments.queries.details import corpus_of
from webapp.experiments.queries.runs import title_of

SECONDS = 10  # an answer, as the guide has it
FIRST = 8  # cases of the contact sheet
DEFAULT = "default"  # the taxonomy that is made when it is first asked for


@dataclass(frozen=True)
class Source:
    """A run and what of its cases is meant."""

    run: Run
    filters: Filters
    problems: dict[str, str]

    @property
    def direction(self) -> str:
        """Which way was searched."""
        return self.filters.direction

    @property
    def words(self) -> str:
        """The filters in words."""
        filters = self.filters
        parts = [str(choices.DIRECTIONS[filters.direction]), str(choices.OUTCOMES[filters.outcome])]
        parts += [f"rank {choices.RANKS[filters.rank]}"] if filters.rank else []
        parts += [f"margin {(choices.MISSED | choices.WON)[filters.margin]}"] if filters.margin else []
        parts += [f"category {filters.category}"] if filters.category is not None else []
        names = {number: name for number, name, _count in cases.categories_of(cases.corpus_of(self.run))}
        for word, number in ((_("true class"), filters.right), (_("predicted"), filters.first)):
            parts += [f"{word} {names.get(number, number)}"] if number is not None else []
        parts += [f"“{filters.words}”"] if filters.words else []
        return ", ".join(parts)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What of the address the form carries along."""
        kept = {"q" if name == "words" else name: value for name, value in vars(self.filters).items() if name != "sort"}
        return [(name, str(value)) for name, value in kept.items() if value not in (None, "")]

    def drawn(self, wish: Wish) -> Drawn:
        """What the wish draws."""
        return plans.drawn_from_run(self.run, self.filters, wish)

    def opened(self, **given: Any) -> Campaign:
        """The campaign on it."""
        return actions.open_campaign(run=self.run, filters=self.filters, **given)

    def first(self, drawn: Drawn) -> list[Any]:
        """The first cases in the order in which they are handed out."""
        numbers = [int(name) for _group, name in ordered(drawn)[:FIRST]]
        rows = cases.cases_numbered(self.run, numbers)
        corpus = corpus_of(self.run)
        place = shown.Place.of(self.run.project.slug, self.run.pk, corpus, self.filters.address())
        known = cases.known_of(corpus, rows)
        return [shown.card(row, known, place) for row in rows]


@dataclass(frozen=True)
class Uploaded:
    """Samples that came in a file."""

    upload: Upload
    project: Project
    run: None = None
    direction: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What it is."""
        return _("%(n)d samples of %(name)s") % {"n": len(self.upload.samples), "name": self.upload.name}

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What of the address the form carries along."""
        return [("upload", self.upload.digest)]

    def drawn(self, wish: Wish) -> Drawn:
        """What the wish draws."""
        return plans.drawn_from_upload(self.upload, wish)

    def opened(self, **given: Any) -> Campaign:
        """The campaign on it."""
        return actions.open_uploaded(upload=self.upload, **given)

    def first(self, drawn: Drawn) -> list[Any]:
        """The first samples in the order in which they are handed out."""
        samples = {sample.idx: sample for sample in self.upload.samples}
        return [self._card(samples[name]) for _group, name in ordered(drawn)[:FIRST]]

    def _card(self, sample: Sample) -> dict[str, Any]:
        prompt = sample.prompt
        empty = Slide("–", text="–")
        return {
            "caption": prompt.get("text", ""),
            "prompt": None if prompt["kind"] == "text" else self._slide(prompt, _("Asked")),
            "wanted": self._slide(sample.right, _("Wanted")) if sample.right else empty,
            "given": self._slide(sample.given, _("Given")) if sample.given else empty,
        }

    def _slide(self, content: Mapping[str, Any], label: str) -> Slide:
        if content["kind"] == "text":
            return Slide(label, text=content["text"])
        name = str(content["key"]).rpartition("/")[2].removesuffix(".webp")
        where = {"slug": self.project.slug, "digest": self.upload.digest, "name": name}
        return Slide(label, src=reverse("annotation:upload_picture", kwargs=where), alt=content["name"],
                     number=content["name"], width=content["width"], height=content["height"])  # fmt: skip


@project_page("campaign.view")
def campaigns(request: ProjectRequest) -> HttpResponse:
    """Every campaign of the project."""
    page = {
        "project": request.project,
        "rows": queries.campaigns_of(request.project, request.user),
        "may_manage": role_may(request.role, "campaign.manage"),
        "has_cases": bool(cases.runs_with_cases(request.project, 1)),
        "api": api_call(request, "annotation:api_campaigns", slug=request.project.slug),
    }
    return render(request, "annotation/campaigns/list.html", page)


@project_page("label.give")
def desk(request: ProjectRequest) -> HttpResponse:
    """What waits for the reader here; straight to it where it is one campaign."""
    waiting = queries.waiting_for(request.user, [request.membership])
    if len(waiting) == 1:
        return redirect("annotation:label", request.project.slug, waiting[0].campaign.pk)
    page = {"project": request.project, "waiting": waiting}
    return render(request, "annotation/campaigns/desk.html", page)


@project_page("campaign.manage", post="campaign.manage")
def new(request: ProjectRequest) -> HttpResponse:
    """The form with the plan beside it as it would be drawn; POST opens the campaign."""
    now = timezone.now()
    sent = request.method == "POST"
    source = _source(request.project, request.POST if sent else request.GET)
    if source is None:
        return render(request, "annotation/campaigns/no_cases.html", {"project": request.project})
    form, offered = _form(request, source)
    if sent and form.is_valid():
        try:
            made = _opened(request.project, request.user, source, form, now)
        except BadInput as problem:
            told(form, problem)
        else:
            messages.success(request, _("The campaign is open: its annotators find it on their home pages."))
            return redirect("annotation:campaign", request.project.slug, made.pk)
    shown_form = form if sent else CampaignForm(initial=_initial(form.data), **offered)
    page = {
        "project": request.project,
        "form": shown_form,
        "source": source,
        "gallery": f"?{source.filters.address()}" if isinstance(source, Source) else "",
        "hidden": source.hidden,
        **_preview(form, source),
    }
    return render(request, "annotation/campaigns/new.html", page, status=422 if sent else 200)


@csrf_exempt  # the token is checked below, after the size: the check reads the whole body
@project_page("campaign.manage", post="campaign.manage")
def upload(request: ProjectRequest) -> HttpResponse:
    """The form for a zip of samples; what is in it is looked at before a campaign is made of it."""
    refuse_larger(request, uploads.MOST_BYTES)
    return _upload(request)


@csrf_protect
def _upload(request: ProjectRequest) -> HttpResponse:
    request.section = "campaigns"  # type: ignore[attr-defined]  # what the bar on top marks
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            kept = uploads.keep(request.project, str(sent.name), sent)
        except BadInput as problem:
            told(form, problem)
        else:
            where = reverse("annotation:campaign_new", kwargs={"slug": request.project.slug})
            return redirect(f"{where}?upload={kept.digest}")
    page = {"project": request.project, "form": form, "most": uploads.MOST_ROWS}
    return render(request, "annotation/campaigns/upload.html", page, status=422 if form.errors else 200)


@project_page("campaign.manage")
def upload_picture(request: ProjectRequest, digest: str, name: str) -> HttpResponse:
    """A picture of an upload, as it was re-encoded, for the preview."""
    if uploads.kept_upload(request.project, digest) is None:
        raise Http404("No such upload.")
    try:
        data = store().read_bytes(uploads.key_of(request.project, digest, name))
    except (FileNotFoundError, ValueError):
        raise Http404("No such picture.") from None
    response = HttpResponse(data, content_type=MEDIA_TYPE, headers={"X-Content-Type-Options": "nosniff"})
    patch_cache_control(response, private=True, max_age=86_400, immutable=True)
    return response


@project_page("campaign.view")
def campaign(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """How far a campaign is, who is in it, and what was planned."""
    found = _found(request, campaign_id)
    standing = queries.standing_of(found)
    may_manage = role_may(request.role, "campaign.manage")
    newest = taxonomies.newest_of(found.taxonomy_version)
    page = {
        "project": request.project,
        "campaign": found,
        "standing": standing,
        "mine": next((row for row in standing.people if row.user_id == request.user.pk and row.here), None),
        "undone": queries.undone_by_person(standing),
        "may_manage": may_manage,
        "may_exchange": role_may(request.role, "label.exchange"),
        "may_decide": role_may(request.role, "label.adjudicate"),
        "may_freeze": role_may(request.role, "set.freeze"),
        "joiners": [(user.pk, user.username) for user in queries.could_join(found)] if may_manage else [],
        "newer": newest if newest.pk != found.taxonomy_version_id else None,
        "run_title": title_of(found.run) if found.run else "",
        "plan": found.plan,
        "pool": found.mode == Campaign.Mode.POOL,
        "api": api_call(request, "annotation:api_campaign", slug=request.project.slug, campaign_id=found.pk),
    }
    return render(request, "annotation/campaigns/campaign.html", page)


@project_page(post="campaign.manage")
def change(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """Pause, finish, reopen, rename, take a newer version, take out a sample."""
    found = _found(request, campaign_id)
    form = ChangeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed."))
        return redirect("annotation:campaign", request.project.slug, found.pk)
    try:
        messages.success(request, _changed(found, form.cleaned_data, request.user))
    except BadInput as problem:
        messages.error(request, str(problem))
    return redirect("annotation:campaign", request.project.slug, found.pk)


@project_page(post="campaign.manage")
def join(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """Add an annotator."""
    found = _found(request, campaign_id)
    people = {user.pk: user for user in queries.could_join(found)}
    form = JoinForm(request.POST, people=[(pk, user.username) for pk, user in people.items()])
    try:
        if not form.is_valid():
            raise BadInput(_("Choose somebody who may label and is not in the campaign."))
        row = staff.add_annotator(
            campaign=found, user=people[form.cleaned_data["user"]], actor=request.user, now=timezone.now()
        )
    except BadInput as problem:
        messages.error(request, str(problem))
    else:
        told_words = _("%(name)s is annotator %(letter)s, with %(count)d samples to begin with.")
        messages.success(request, told_words % {"name": row.user.username, "letter": row.letter, "count": row.held})
    return redirect("annotation:campaign", request.project.slug, found.pk)


@project_page(post="campaign.manage")
def leave(request: ProjectRequest, campaign_id: int, annotator_id: int) -> HttpResponse:
    """Remove an annotator."""
    row = _annotator(request, campaign_id, annotator_id)
    return _done(request, row, staff.remove_annotator, {}, _("%(name)s has left; their answers stay."))


@project_page(post="campaign.manage")
def quota(request: ProjectRequest, campaign_id: int, annotator_id: int) -> HttpResponse:
    """Change how much somebody may take from the pool."""
    row, form = _annotator(request, campaign_id, annotator_id), QuotaForm(request.POST)
    wrong = _("A quota is a whole number, or empty for none.")
    given = form.cleaned_data if form.is_valid() else None
    return _done(request, row, staff.set_quota, given, _("%(name)s has a new quota."), wrong)


@project_page(post="campaign.manage")
def remind(request: ProjectRequest, campaign_id: int, annotator_id: int) -> HttpResponse:
    """Remind somebody; they see it at home and on the labelling page."""
    row, form = _annotator(request, campaign_id, annotator_id), ReminderForm(request.POST)
    wrong = _("A reminder has at most 400 characters.")
    given = form.cleaned_data if form.is_valid() else None
    words = _("%(name)s sees the reminder at home, and at once where they label.")
    return _done(request, row, staff.remind, given, words, wrong)


def _done(
    request: ProjectRequest,
    row: Annotator,
    act: Callable[..., Any],
    given: Mapping[str, Any] | None,
    words: str,
    wrong: str = "",
) -> HttpResponse:
    """Does something to an annotator with what was given, and says so; says what is `wrong` where that is None."""
    try:
        if given is None:
            raise BadInput(wrong)
        act(annotator=row, actor=request.user, now=timezone.now(), **given)
    except BadInput as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, words % {"name": row.user.username})
    return redirect("annotation:campaign", request.project.slug, row.campaign_id)


def _changed(found: Campaign, values: Mapping[str, Any], actor: User) -> str:
    """Do it and say so. BadInput where it cannot be done."""
    now = timezone.now()
    if values["do"] == "rename":
        states.rename_campaign(campaign=found, name=values["name"], actor=actor, now=now)
        return _("The campaign has its new name.")
    if values["do"] == "version":
        version = taxonomies.version_of(found.project, values["version"] or 0)
        if version is None:
            raise BadInput(_("There is no such version."))
        states.use_version(campaign=found, version=version, actor=actor, now=now)
        return _("The campaign goes on with version %(number)d.") % {"number": version.number}
    if values["do"] == "replace":
        return _replaced(found, values, actor)
    act, words = {
        "pause": (states.pause_campaign, _("The campaign is paused. Answers that are under way still come in.")),
        "finish": (states.finish_campaign, _("The campaign is finished.")),
        "reopen": (states.reopen_campaign, _("The campaign is open again.")),
    }[values["do"]]
    act(campaign=found, actor=actor, now=now)
    return words


def _replaced(found: Campaign, values: Mapping[str, Any], actor: User) -> str:
    task = queries.task_of(found, values["idx"].strip())
    if task is None:
        raise BadInput(_("No sample of this campaign is called “%(idx)s”.") % {"idx": values["idx"][:40]})
    reason = values["reason"].strip() or "taken out"
    backup = actions.replace_unusable(task=task, reason=reason, actor=actor, now=timezone.now())
    if backup is None:
        return _("Sample %(idx)s is out. No backup is left, so nothing takes its place.") % {"idx": task.idx}
    return _("Sample %(idx)s is out; %(new)s takes its place.") % {"idx": task.idx, "new": backup.idx}


def _opened(project: Project, actor: User, source: Source | Uploaded, form: CampaignForm, now: Any) -> Campaign:
    values = dict(form.cleaned_data)
    people = {row.user_id: row.user for row in queries.labellers(project)}
    chosen = values.pop("taxonomy")
    version = (
        default_version(project=project, now=now, direction=source.direction)
        if chosen == DEFAULT
        else taxonomies.version_of(project, int(chosen))
    )
    if version is None:
        raise BadInput(_("There is no such version."), field="taxonomy")
    values.pop("run", None)
    annotators = [people[person] for person in values.pop("annotators")]
    return source.opened(
        project=project,
        taxonomy_version=version,
        annotators=annotators,
        actor=actor,
        now=now,
        **values,
    )


def _source(project: Project, values: Mapping[str, str]) -> Source | Uploaded | None:
    """The upload or the run that is named, else the newest run with cases; None where no run has any."""
    if digest := values.get("upload", ""):
        upload = uploads.kept_upload(project, digest)
        if upload is None:
            raise Http404("No such upload.")
        return Uploaded(upload, project)
    wanted = values.get("run", "")
    run = cases.run_of(project, int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 18 else None
    if run is None or not run.case_count:
        if wanted:
            raise Http404("No such run with cases.")
        run = next(iter(cases.runs_with_cases(project, 1)), None)
    if run is None:
        return None
    filters, problems = choices.read(values, cases.directions_of(run))
    return Source(run, filters, problems)


def _form(request: ProjectRequest, source: Source | Uploaded) -> tuple[CampaignForm, dict[str, Any]]:
    """The form with what was sent, or with what the address and the defaults say, so that its plan can be drawn."""
    project = request.project
    runs = cases.runs_with_cases(project, 40)
    if source.run is not None and source.run.pk not in {run.pk for run in runs}:
        runs.append(source.run)
    fitting, others = taxonomies.versions_for(project, source.direction)
    versions: list[tuple[str, str]] = [(str(row.pk), label) for row, label in fitting]
    members = queries.labellers(project)
    told_apart = source.direction == CLASSIFY
    words = (
        _("Classification failures (seven of its own)") if told_apart else _("Retrieval failures (the default seven)")
    )
    default = (DEFAULT, words)
    if not versions or request.POST.get("taxonomy") == DEFAULT:  # or a page from before it was made
        versions.append(default)
    versions += [(str(row.pk), label) for row, label in others]
    offered: dict[str, Any] = {
        "runs": [(run.pk, title_of(run)) for run in runs] if source.run else None,
        "versions": versions,
        "members": members,
    }
    if request.method == "POST":
        return CampaignForm(request.POST, **offered), offered
    data = request.GET.copy()
    data["run"] = str(source.run.pk) if source.run else ""
    for name, value in (("size", 200), ("overlap", 30), ("backup", 20), ("seed", 0), ("mode", "shares")):
        data.setdefault(name, str(value))
    data.setdefault("taxonomy", versions[0][0])
    if "annotators" not in data and "size" not in request.GET:
        data.setlist("annotators", [str(row.user_id) for row in members if row.role == "annotator"][:3])
    return CampaignForm(data, **offered), offered


def _initial(data: Any) -> dict[str, Any]:
    return {name: data.getlist(name) if name == "annotators" else data.get(name) for name in data}


def _preview(form: CampaignForm, source: Source | Uploaded) -> dict[str, Any]:
    """The plan as these numbers draw it, or why they draw nothing."""
    wish = form.wish()
    if wish is None:
        wrong = [str(text) for name in ("size", "overlap", "backup", "seed") for text in form.errors.get(name, ())]
        return {"drawn": None, "problem": " ".join(wrong) or _("Part of the numbers is missing.")}
    try:
        drawn = source.drawn(wish)
    except BadInput as problem:
        return {"drawn": None, "problem": str(problem)}
    each = len(drawn.groups["overlap"]) + drawn.share
    return {
        "drawn": drawn,
        "each": each,
        "minutes_each": -(-each * SECONDS // 60),
        "minutes": -(-drawn.answers * SECONDS // 60),
        "backup": len(drawn.groups["backup"]),
        "overlap": len(drawn.groups["overlap"]),
        "short": drawn.population < wish.size,
        "people": form.cleaned_data.get("annotators") or [],
        "first": source.first(drawn),
    }


def _found(request: ProjectRequest, campaign_id: int) -> Campaign:
    request.section = "campaigns"  # type: ignore[attr-defined]  # what the bar on top marks
    return campaign_or_404(request.project, campaign_id)


def _annotator(request: ProjectRequest, campaign_id: int, annotator_id: int) -> Annotator:
    row = queries.annotator_of(_found(request, campaign_id), annotator_id)
    if row is None:
        raise Http404("No such annotator.")
    return row
