"""A reminder is over once it was shown; those that an answer had ended stay over."""

from django.db import migrations, models

OVER = """
UPDATE annotation_reminder r SET shown_at = (
    SELECT min(l.answered_at) FROM annotation_label l WHERE l.annotator_id = r.annotator_id AND l.answered_at > r.at
)
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0006_label_file_accounts")]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="shown_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(OVER, migrations.RunSQL.noop),
    ]
