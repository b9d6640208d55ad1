"""What people wrote in place of captions."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("experiments", "0008_model_endpoint"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CaptionEdit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry", models.TextField()),
                ("number", models.IntegerField()),
                ("text", models.CharField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField()),
                (
                    "caption_file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edits",
                        to="experiments.captionfile",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="caption_edits",
                        to="experiments.run",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["run", "id"], name="caption_edit_of_run"),
                    models.Index(fields=["caption_file", "id"], name="caption_edit_of_file"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("run__isnull", True), ("caption_file__isnull", True), _connector="XOR"),
                        name="caption_edit_of_one_thing",
                    ),
                    models.CheckConstraint(condition=models.Q(("number__gte", 0)), name="caption_edit_number_from_0"),
                ],
            },
        ),
    ]
