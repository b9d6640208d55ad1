"""What speaks for a classification's answers, beside each case: a nullable column, so no partition is rewritten."""

from django.db import migrations, models

from webapp.experiments.case_sql import EVIDENCE, EVIDENCE_BACK


class Migration(migrations.Migration):
    dependencies = [("experiments", "0009_caption_edits")]
    operations = [
        migrations.RunSQL(
            EVIDENCE,
            EVIDENCE_BACK,
            state_operations=[
                migrations.AddField("case", "evidence", models.JSONField(null=True)),
            ],
        ),
    ]
