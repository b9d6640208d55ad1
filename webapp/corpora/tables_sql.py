"""The partitioned tables of pictures and captions, with the indexes that every partition gets."""

TABLES = """
CREATE TABLE corpora_item (
    corpus_id bigint NOT NULL,
    number integer NOT NULL,
    external_id text NOT NULL,
    file_name text NOT NULL,
    file_hash varchar(64) NOT NULL,
    byte_count integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    label integer,
    category_numbers integer[] NOT NULL,
    boxes jsonb NOT NULL,
    PRIMARY KEY (corpus_id, number)
) PARTITION BY LIST (corpus_id);
CREATE INDEX corpora_item_categories ON corpora_item USING gin (category_numbers);

CREATE TABLE corpora_caption (
    corpus_id bigint NOT NULL,
    number integer NOT NULL,
    item_number integer NOT NULL,
    external_id text NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (corpus_id, number)
) PARTITION BY LIST (corpus_id);
CREATE INDEX corpora_caption_of_item ON corpora_caption (corpus_id, item_number, number);
CREATE INDEX corpora_caption_words ON corpora_caption USING gin (to_tsvector('simple', text));
"""

TABLES_BACK = "DROP TABLE corpora_caption; DROP TABLE corpora_item;"
