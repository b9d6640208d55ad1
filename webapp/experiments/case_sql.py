"""The SQL of the parent table of cases; its partitions are made one a run by `webapp.corpora.partitions`."""

TABLE = """
CREATE TABLE experiments_case (
    run_id bigint NOT NULL,
    number integer NOT NULL,
    direction varchar(16) NOT NULL,
    unit integer NOT NULL,
    prompt_kind varchar(8) NOT NULL,
    prompt integer NOT NULL,
    prompt_text text NOT NULL,
    answer_kind varchar(8) NOT NULL,
    "right" integer NOT NULL,
    right_score double precision NOT NULL,
    rank integer NOT NULL,
    margin double precision NOT NULL,
    given integer[] NOT NULL,
    scores double precision[] NOT NULL,
    category_numbers integer[] NOT NULL,
    PRIMARY KEY (run_id, number)
) PARTITION BY LIST (run_id);
"""

TABLE_BACK = "DROP TABLE experiments_case;"

# Comes to every partition there is; partitions to come are made LIKE their parent.
EVIDENCE = "ALTER TABLE experiments_case ADD COLUMN evidence jsonb;"
EVIDENCE_BACK = "ALTER TABLE experiments_case DROP COLUMN evidence;"
