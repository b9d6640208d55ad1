"""PostgreSQL can be told to look at labelling's tables again, by a role that does not own them.

A campaign that was opened a moment ago is unknown to the statistics, so that the plan of handing out its tasks would
be made for one row where there are thousands. Only the owner may ANALYZE: the function runs with the owner's rights.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION public.nearmiss_look_at_labelling() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ANALYZE public.annotation_campaign, public.annotation_annotator, public.annotation_task, public.annotation_slot,
        public.annotation_label;
END $$;
REVOKE ALL ON FUNCTION public.nearmiss_look_at_labelling() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0004_calculation_beats_no_more")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS public.nearmiss_look_at_labelling()")]
