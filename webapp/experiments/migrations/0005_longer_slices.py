"""Room for slices whose names are long or not Latin: nothing is cut."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("experiments", "0004_bundle_failure")]
    operations = [
        migrations.AlterField(
            model_name="metric", name="slice", field=models.CharField(blank=True, default="", max_length=2000)
        )
    ]
