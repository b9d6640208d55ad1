"""Recorded captions of classification sets, and runs that read them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_trail_by_verb"),
        ("corpora", "0002_partition_functions"),
        ("experiments", "0006_probes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CaptionFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "side",
                    models.CharField(
                        choices=[("class_captions", "Captions of classes"), ("image_captions", "Captions of pictures")],
                        max_length=16,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("key", models.CharField(max_length=200)),
                ("byte_count", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("checking", "Being checked"), ("ready", "Ready"), ("refused", "Cannot be used")],
                        default="checking",
                        max_length=12,
                    ),
                ),
                ("tries", models.IntegerField(default=0)),
                ("failure", models.TextField(blank=True)),
                ("found", models.JSONField(default=dict)),
                ("warnings", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="runinput",
            name="run_input_is_one_thing",
        ),
        migrations.AddField(
            model_name="captionfile",
            name="corpus",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="caption_files", to="corpora.corpus"
            ),
        ),
        migrations.AddField(
            model_name="captionfile",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="captionfile",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="caption_files", to="accounts.project"
            ),
        ),
        migrations.AddField(
            model_name="runinput",
            name="caption_file",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="used_by",
                to="experiments.captionfile",
            ),
        ),
        migrations.AddConstraint(
            model_name="runinput",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("caption_file__isnull", True), ("corpus__isnull", False), ("source_run__isnull", True)),
                    models.Q(("caption_file__isnull", True), ("corpus__isnull", True), ("source_run__isnull", False)),
                    models.Q(("caption_file__isnull", False), ("corpus__isnull", True), ("source_run__isnull", True)),
                    _connector="OR",
                ),
                name="run_input_is_one_thing",
            ),
        ),
        migrations.AddIndex(
            model_name="captionfile",
            index=models.Index(fields=["project", "-id"], name="caption_file_of_project"),
        ),
        migrations.AddIndex(
            model_name="captionfile",
            index=models.Index(condition=models.Q(("state", "checking")), fields=["id"], name="caption_file_waiting"),
        ),
        migrations.AddConstraint(
            model_name="captionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["checking", "ready", "refused"])), name="caption_file_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="captionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["class_captions", "image_captions"])), name="caption_file_side_known"
            ),
        ),
    ]
