"""Why the inputs of a run could not be put together."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("experiments", "0003_case_indexes")]
    operations = [
        migrations.AddField(model_name="run", name="bundle_failure", field=models.TextField(blank=True, default=""))
    ]
