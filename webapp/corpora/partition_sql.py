"""The database functions that make, fill in and drop partitions for a role that may create nothing itself.

They run with the rights of the tables' owner (SECURITY DEFINER), so they take only a table of a fixed list and a
positive number, build every name themselves and look at no search path of the caller's. All of them run in a
transaction: a failed import leaves no table behind.
"""

PARENTS = ("corpora_item", "corpora_caption", "experiments_case")

_HEAD = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

_CHECKED = f"""
CREATE OR REPLACE FUNCTION public.nearmiss_partition_name(parent text, key bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF parent IS NULL OR parent <> ALL (ARRAY{list(PARENTS)!r}) THEN
        RAISE EXCEPTION 'no partitions are made of %', coalesce(parent, 'nothing')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF key IS NULL OR key <= 0 THEN
        RAISE EXCEPTION 'a partition has a positive number, not %', key USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN parent || '_p' || key;
END $$;
"""

# Rows go into a table of its own first, without indexes: nobody reads it, so nobody waits.
_CREATE = f"""
CREATE OR REPLACE FUNCTION public.nearmiss_create_partition(parent text, key bigint) RETURNS text
{_HEAD} AS $$
DECLARE child text := public.nearmiss_partition_name(parent, key);
BEGIN
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)',
                   child, parent);
    EXECUTE format('GRANT SELECT, INSERT ON public.%I TO %I', child, session_user);
    RETURN child;
END $$;
"""

# The parent's indexes and a CHECK are built on the filled table, so that ATTACH finds everything there and only
# writes the catalogue: it takes a lock that readers and writers of the parent do not wait for.
_ATTACH = f"""
CREATE OR REPLACE FUNCTION public.nearmiss_attach_partition(parent text, key bigint) RETURNS void
{_HEAD} AS $$
DECLARE
    child text := public.nearmiss_partition_name(parent, key);
    wanted record;
    key_column text;
BEGIN
    SELECT attname INTO STRICT key_column FROM pg_partitioned_table
      JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
     WHERE partrelid = format('public.%I', parent)::regclass;
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT partition_key CHECK (%I IS NOT NULL AND %I = %s)',
                   child, key_column, key_column, key);
    FOR wanted IN
        SELECT pg_get_indexdef(indexrelid) AS index, pg_get_constraintdef(pg_constraint.oid) AS rule
          FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid AND contype IN ('p', 'u')
         WHERE indrelid = format('public.%I', parent)::regclass
         ORDER BY indisprimary DESC, indexrelid
    LOOP
        IF wanted.rule IS NOT NULL THEN
            EXECUTE format('ALTER TABLE public.%I ADD %s', child, wanted.rule);
        ELSE
            EXECUTE regexp_replace(wanted.index, '^(CREATE (UNIQUE )?INDEX) .* ON (ONLY )?\\S+ USING',
                                   format('\\1 ON public.%I USING', child));
        END IF;
    END LOOP;
    EXECUTE format('ANALYZE public.%I', child);
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES IN (%s)', parent, child, key);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT partition_key', child);
    EXECUTE format('REVOKE INSERT ON public.%I FROM %I', child, session_user);
END $$;
"""

# Dropping needs the parent for a moment. It gives up after three seconds rather than let a queue build up behind it.
_DROP = f"""
CREATE OR REPLACE FUNCTION public.nearmiss_drop_partition(parent text, key bigint) RETURNS boolean
{_HEAD} SET lock_timeout = '3s' AS $$
DECLARE child text := public.nearmiss_partition_name(parent, key);
BEGIN
    IF to_regclass(format('public.%I', child)) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE public.%I', child);
    RETURN true;
END $$;
"""

_CLOSED = "".join(
    f"REVOKE ALL ON FUNCTION public.nearmiss_{name}(text, bigint) FROM PUBLIC;\n"
    for name in ("create_partition", "attach_partition", "drop_partition")
)

FUNCTIONS = _CHECKED + _CREATE + _ATTACH + _DROP + _CLOSED
NO_FUNCTIONS = "".join(
    f"DROP FUNCTION IF EXISTS public.nearmiss_{name}(text, bigint);\n"
    for name in ("create_partition", "attach_partition", "drop_partition", "partition_name")
)
