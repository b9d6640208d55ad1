"""Files that belong to no data set: captions to search in, and sentences around a class's name."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("corpora", "0002_partition_functions"), ("experiments", "0010_case_evidence")]
    operations = [
        migrations.RemoveConstraint(model_name="captionfile", name="caption_file_side_known"),
        migrations.AlterField(
            model_name="captionfile",
            name="corpus",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="caption_files",
                to="corpora.corpus",
            ),
        ),
        migrations.AlterField(
            model_name="captionfile",
            name="side",
            field=models.CharField(
                choices=[
                    ("class_captions", "Captions of classes"),
                    ("image_captions", "Captions of pictures"),
                    ("caption_database", "Captions to search in"),
                    ("templates", "Sentences around a name"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="captionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(side__in=["class_captions", "image_captions"], corpus__isnull=False)
                | models.Q(side__in=["caption_database", "templates"], corpus__isnull=True),
                name="caption_file_side_known",
            ),
        ),
    ]
