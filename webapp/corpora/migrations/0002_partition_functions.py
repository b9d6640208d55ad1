"""The functions that make, attach and drop partitions."""

from django.db import migrations

from webapp.corpora.partition_sql import FUNCTIONS, NO_FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("corpora", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS)]
