"""Runs and what they leave: metrics, artifacts, log lines and per-query outcomes (cases)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import MD5
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Project, User
from webapp.corpora.models import Corpus


class RegisteredModel(models.Model):
    """A model that an administrator lets runs use, by its slug: `model:SLUG` in a spec."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    reference = models.TextField()  # hf:NAME_OR_PATH or open_clip:NAME/PRETRAINED
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()


class ModelEndpoint(models.Model):
    """The one OpenAI-compatible endpoint that an administrator set; a spec names its models `endpoint:NAME`."""

    base_url = models.CharField(max_length=500, blank=True)
    sealed_key = models.TextField(blank=True)  # webapp.sealing
    model_names = models.JSONField(default=list)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="model_endpoint_is_one")]


class RunGroup(models.Model):
    """Runs that belong together: the same settings under several seeds, or the steps of an ablation."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="run_groups")
    name = models.CharField(max_length=160)
    created_at = models.DateTimeField()


class Run(models.Model):
    """One execution of a method with one spec. PostgreSQL is the truth; a broker message only wakes a worker."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="runs")
    group = models.ForeignKey(RunGroup, on_delete=models.SET_NULL, null=True, related_name="runs")
    cloned_from = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="clones")
    method = models.CharField(max_length=80)
    title = models.CharField(max_length=160, blank=True)
    spec = models.JSONField()
    fingerprint = models.CharField(max_length=64, db_index=True)
    queue = models.CharField(max_length=8, choices=[("cpu", "CPU"), ("gpu", "GPU")])
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    attempt = models.IntegerField(default=0)
    lost_count = models.IntegerField(default=0)  # workers lost in a row without a new checkpoint
    worker = models.CharField(max_length=120, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict)
    checkpoint = models.JSONField(default=dict)  # {"key": store key, "step": int, "attempt": int}
    failure = models.JSONField(default=dict)  # {"reason", "advice", "field", "tail": [last lines]}
    provenance = models.JSONField(default=dict)
    case_count = models.IntegerField(default=0)
    bundle_requested_at = models.DateTimeField(null=True)  # somebody wants the inputs as one file
    bundle = models.JSONField(default=dict)  # {"key", "byte_count", "sha256"} once it is there
    bundle_failure = models.TextField(default="", blank=True)  # why it could not be made, until somebody asks again
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["queue", "created_at", "id"], name="run_waiting", condition=models.Q(state="queued")),
            models.Index(fields=["project", "-id"], name="run_of_project"),
            models.Index(fields=["id"], name="run_running", condition=models.Q(state="running")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running", "succeeded", "failed", "cancelled"]),
                name="run_state_known",
            )
        ]


class CaptionFile(models.Model):
    """Recorded captions of a classification set's classes or pictures, captions to search in, or sentences around a
    class's name: a file that people brought, read by a worker. The last two belong to no data set.

    A spec names it `captions:ID`. `found` says what is in it: {"entries", "captions", "fewest", "most", "predicted",
    "right", "meta"}; a file that does not fit its data set is refused, and `failure` says all that is wrong with it.
    """

    class Side(models.TextChoices):
        CLASSES = "class_captions", _("Captions of classes")
        PICTURES = "image_captions", _("Captions of pictures")
        DATABASE = "caption_database", _("Captions to search in")
        TEMPLATES = "templates", _("Sentences around a name")

    class State(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        READY = "ready", _("Ready")
        REFUSED = "refused", _("Cannot be used")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="caption_files")
    corpus = models.ForeignKey(Corpus, on_delete=models.CASCADE, null=True, related_name="caption_files")
    side = models.CharField(max_length=16, choices=Side.choices)
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=200)
    byte_count = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State.choices, default=State.CHECKING)
    tries = models.IntegerField(default=0)
    failure = models.TextField(blank=True)
    found = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="caption_file_of_project"),
            models.Index(fields=["id"], name="caption_file_waiting", condition=models.Q(state="checking")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["checking", "ready", "refused"]), name="caption_file_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(side__in=["class_captions", "image_captions"], corpus__isnull=False)
                | models.Q(side__in=["caption_database", "templates"], corpus__isnull=True),
                name="caption_file_side_known",
            ),
        ]


class RunInput(models.Model):
    """What a run's spec names: a data set, another run or a caption file. A run waits until all of them are ready."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="inputs")
    field = models.CharField(max_length=60)
    corpus = models.ForeignKey(Corpus, on_delete=models.PROTECT, null=True, related_name="used_by")
    source_run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="used_by")
    caption_file = models.ForeignKey(CaptionFile, on_delete=models.PROTECT, null=True, related_name="used_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "field"], name="run_input_once_per_field"),
            models.CheckConstraint(
                condition=models.Q(corpus__isnull=False, source_run__isnull=True, caption_file__isnull=True)
                | models.Q(corpus__isnull=True, source_run__isnull=False, caption_file__isnull=True)
                | models.Q(corpus__isnull=True, source_run__isnull=True, caption_file__isnull=False),
                name="run_input_is_one_thing",
            ),
        ]


class Metric(models.Model):
    """A measured value with its interval. `step` is -1 for the final value of a run, else a point of a curve.

    Name and slice stand in a unique index, whose rows have at most 2,704 bytes; longer ones are refused, never cut.
    """

    LONGEST_NAME = 120
    LONGEST_SLICE = 2000  # bytes: 220 Chinese characters, percent-encoded

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="metrics")
    name = models.CharField(max_length=LONGEST_NAME)
    slice = models.CharField(max_length=LONGEST_SLICE, default="", blank=True)
    step = models.IntegerField(default=-1)
    value = models.FloatField()
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.IntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name", "step", "slice"], name="metric_once_per_step")]


class Artifact(models.Model):
    """A file that a run left in the store."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artifacts")
    attempt = models.IntegerField()
    path = models.CharField(max_length=300)
    name = models.CharField(max_length=160)
    role = models.CharField(max_length=16)
    media_type = models.CharField(max_length=120)
    key = models.CharField(max_length=400)
    byte_count = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="artifact_path_once")]


class LogLine(models.Model):
    """A line that a run said, in the order it said it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log_lines")
    attempt = models.IntegerField()
    number = models.IntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=8)
    message = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "attempt", "number"], name="log_line_once")]


class Case(models.Model):
    """What a run answered to one prompt. Partitioned by run; rows arrive by COPY from the run's Parquet file.

    Prompt and answers are each a picture, a text or a page, named by number in the frozen order of the run's corpus.
    `prompt_text` repeats the caption so that one index answers a text search. `evidence` are the captions that speak
    for a classification's answers (`ml_core.zeroshot.evidence`), where there are any.
    """

    pk = models.CompositePrimaryKey("run_id", "number")
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, related_name="cases")
    number = models.IntegerField()
    direction = models.CharField(max_length=16)  # t2i, i2t, classify
    unit = models.IntegerField()  # what is resampled: the picture's number
    prompt_kind = models.CharField(max_length=8)
    prompt = models.IntegerField()
    prompt_text = models.TextField(blank=True)
    answer_kind = models.CharField(max_length=8)
    right = models.IntegerField()
    right_score = models.FloatField()
    rank = models.IntegerField()
    margin = models.FloatField()
    given = ArrayField(models.IntegerField())
    scores = ArrayField(models.FloatField())
    category_numbers = ArrayField(models.IntegerField())
    evidence = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "experiments_case"


class CaptionEdit(models.Model):
    """What a person wrote in place of one caption of a run or a file; the newest counts, "" takes the caption out.

    `entry` is the class or the file name, `number` the caption's place at it, from 0.
    """

    LONGEST = 2000  # characters

    run = models.ForeignKey("Run", on_delete=models.CASCADE, null=True, related_name="caption_edits")
    caption_file = models.ForeignKey(CaptionFile, on_delete=models.CASCADE, null=True, related_name="edits")
    entry = models.TextField()
    number = models.IntegerField()
    text = models.CharField(max_length=LONGEST, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["run", "id"], name="caption_edit_of_run"),
            models.Index(fields=["caption_file", "id"], name="caption_edit_of_file"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(run__isnull=True) ^ models.Q(caption_file__isnull=True),
                name="caption_edit_of_one_thing",
            ),
            models.CheckConstraint(condition=models.Q(number__gte=0), name="caption_edit_number_from_0"),
        ]


class Probe(models.Model):
    """Another caption tried on a case: what it brings up. Written once by a worker, then pinned or removed by people.

    `model` says what answered: {"model", "revision", "source": "cache" | "encoder", "same_preparation", "precision",
    "pictures", "seconds": {…}}. Numbers are those of the run's cases, so a probe belongs to an attempt.
    """

    LONGEST = 4000  # characters; what a model reads is far less

    class State(models.TextChoices):
        WANTED = "wanted", _("Waiting")
        WORKING = "working", _("Being answered")
        READY = "ready", _("Answered")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="probes")
    attempt = models.IntegerField()
    case_number = models.IntegerField()
    text = models.CharField(max_length=LONGEST)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WANTED)
    tries = models.IntegerField(default=0)
    failure = models.TextField(blank=True)
    rank = models.IntegerField(null=True)
    right_score = models.FloatField(null=True)
    given = ArrayField(models.IntegerField(), default=list)
    scores = ArrayField(models.FloatField(), default=list)
    model = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    pinned_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["run", "case_number", "id"], name="probe_of_case"),
            models.Index(fields=["id"], name="probe_waiting", condition=models.Q(state__in=["wanted", "working"])),
        ]
        constraints = [
            models.UniqueConstraint(
                "run", "attempt", "case_number", "created_by", MD5("text"), name="probe_once",
                condition=~models.Q(state="failed"),
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["wanted", "working", "ready", "failed"]), name="probe_state_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="ready") | models.Q(rank__gte=1, right_score__isnull=False),
                name="probe_answered_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(pinned_at__isnull=True) | models.Q(state="ready"), name="probe_pinned_is_answered"
            ),
        ]  # fmt: skip
