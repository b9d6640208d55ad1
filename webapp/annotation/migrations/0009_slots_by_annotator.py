"""The index that keeps one slot an annotator and task finds an annotator's slots, too."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0008_first_choice")]

    operations = [
        migrations.RemoveConstraint(model_name="slot", name="slot_once_per_annotator"),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(
                fields=["annotator", "task"],
                name="slot_once_per_annotator",
                condition=models.Q(annotator__isnull=False),
            ),
        ),
    ]
