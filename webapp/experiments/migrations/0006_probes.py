"""Captions tried on cases, and what they brought up."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("experiments", "0005_longer_slices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Probe",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempt", models.IntegerField()),
                ("case_number", models.IntegerField()),
                ("text", models.CharField(max_length=4000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("wanted", "Waiting"),
                            ("working", "Being answered"),
                            ("ready", "Answered"),
                            ("failed", "Failed"),
                        ],
                        default="wanted",
                        max_length=12,
                    ),
                ),
                ("tries", models.IntegerField(default=0)),
                ("failure", models.TextField(blank=True)),
                ("rank", models.IntegerField(null=True)),
                ("right_score", models.FloatField(null=True)),
                (
                    "given",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
                (
                    "scores",
                    django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), default=list, size=None),
                ),
                ("model", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("pinned_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="probes", to="experiments.run"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["run", "case_number", "id"], name="probe_of_case"),
                    models.Index(
                        condition=models.Q(("state__in", ["wanted", "working"])), fields=["id"], name="probe_waiting"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("run"),
                        models.F("attempt"),
                        models.F("case_number"),
                        models.F("created_by"),
                        django.db.models.functions.text.MD5("text"),
                        condition=models.Q(("state", "failed"), _negated=True),
                        name="probe_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["wanted", "working", "ready", "failed"])),
                        name="probe_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "ready"), _negated=True),
                            models.Q(("rank__gte", 1), ("right_score__isnull", False)),
                            _connector="OR",
                        ),
                        name="probe_answered_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pinned_at__isnull", True), ("state", "ready"), _connector="OR"),
                        name="probe_pinned_is_answered",
                    ),
                ],
            },
        ),
    ]
