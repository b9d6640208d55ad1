"""The statements of labelling. Locks are taken in one order everywhere: annotators by id, then slots.

Free slots are taken by SKIP LOCKED, so that nobody waits for anybody; the unique constraints of the tables hold what
must hold: one slot an annotator and task, one event a key, one label an annotator and task, `held` within the quota.
"""

LOCK = """
SELECT c.lease_minutes, c.taxonomy_version_id, a.left_at
FROM annotation_annotator a JOIN annotation_campaign c ON c.id = a.campaign_id
WHERE a.id = %(annotator)s FOR UPDATE OF a
"""

# Read after the lock: what is joined to a row that was waited for is as old as the statement.
VERSION = "SELECT taxonomy_version_id FROM annotation_campaign WHERE id = %(campaign)s"

# Whose page this is, or was (`left_at`); the campaign's long fields are read when they are asked for. Then the newest
# reminder that was not shown yet.
OWN = ["id", "campaign_id", "user_id", "letter", "quota", "held", "keys", "joined_at", "left_at"]
THEIRS = [
    "id", "project_id", "name", "state", "mode", "taxonomy_version_id", "corpus_id", "blind", "submit_on_choice",
    "ask_confidence", "show_gold_feedback", "simulated", "lease_minutes",
]  # fmt: skip
DOOR = """
SELECT a.id, a.campaign_id, a.user_id, a.letter, a.quota, a.held, a.keys, a.joined_at, a.left_at,
    c.id, c.project_id, c.name, c.state, c.mode, c.taxonomy_version_id, c.corpus_id, c.blind, c.submit_on_choice,
    c.ask_confidence, c.show_gold_feedback, c.simulated, c.lease_minutes,
    (SELECT jsonb_build_object('id', r.id, 'text', r.text, 'by', coalesce(u.username, ''))::text
     FROM annotation_reminder r LEFT JOIN accounts_user u ON u.id = r.sent_by_id
     WHERE r.annotator_id = a.id AND r.shown_at IS NULL ORDER BY r.at DESC LIMIT 1)
FROM annotation_annotator a JOIN annotation_campaign c ON c.id = a.campaign_id
WHERE a.campaign_id = %(campaign)s AND a.user_id = %(user)s AND c.project_id = %(project)s
"""
# The same, read along with the session wherever an address of labelling is asked for (webapp/accounts/ahead.py).
ADDRESS = r"/p/[^/]+/campaigns/(?P<campaign>[0-9]{1,18})/label/"
DOOR_AHEAD = DOOR.replace("%(user)s", "%(person)s").replace(
    "%(project)s", "(SELECT id FROM accounts_project WHERE slug = %(slug)s)"
)

# Everything an answer changes, in one statement: nothing where the campaign has another version of its taxonomy by now.
# `last` is the newest event of each task: what its label becomes. A slot is looked for by its own index, one by one:
# joined, all slots of an annotator are read.
RECORD = """
WITH said AS (
    SELECT * FROM jsonb_to_recordset(%(said)s::jsonb) AS s(
        n int, key uuid, task_id bigint, kind text, category text, subtype text, skip_reason text, confidence smallint,
        note text, flagged boolean, first_choice_ms int, spent_ms int, said_at timestamptz
    ) WHERE EXISTS (SELECT FROM annotation_campaign WHERE id = %(campaign)s AND taxonomy_version_id = %(version)s)
    LIMIT %(many)s
), known AS (
    SELECT said.*, t.state AS task_state FROM said
    JOIN annotation_task t ON t.id = said.task_id AND t.campaign_id = %(campaign)s
), heard AS (
    INSERT INTO annotation_labelevent (campaign_id, task_id, annotator_id, key, kind, state, source, said_at, at)
    SELECT %(campaign)s, task_id, %(annotator)s, key, kind,
        jsonb_build_object(
            'category', category, 'subtype', subtype, 'skip_reason', skip_reason, 'confidence', confidence,
            'note', note, 'flagged', flagged, 'first_choice_ms', first_choice_ms, 'spent_ms', spent_ms
        ), %(source)s, said_at, %(now)s
    FROM known ORDER BY n
    ON CONFLICT (annotator_id, key) DO NOTHING
    RETURNING id, key
), last AS (
    SELECT DISTINCT ON (known.task_id) known.*, heard.id AS event
    FROM heard JOIN known ON known.key = heard.key ORDER BY known.task_id, heard.id DESC
), filled AS (
    UPDATE annotation_slot s SET
        state = CASE
            WHEN last.kind = 'answer' THEN 'answered'
            WHEN last.kind = 'skip' THEN 'skipped'
            WHEN last.task_state <> 'active' THEN 'withdrawn'
            WHEN %(pool)s THEN 'leased'
            ELSE 'open' END,
        lease_until = CASE WHEN last.kind = 'withdraw' AND last.task_state = 'active' AND %(pool)s
            THEN %(lease_until)s::timestamptz END
    FROM last WHERE s.id = (
        SELECT o.id FROM annotation_slot o WHERE o.task_id = last.task_id AND o.annotator_id = %(annotator)s
            AND o.state IN ('open', 'leased', 'answered', 'skipped')
    )
    RETURNING s.id, s.task_id
), kept AS (
    INSERT INTO annotation_label (campaign_id, task_id, annotator_id, slot_id, category, subtype, skip_reason,
        confidence, note, flagged, first_choice_ms, spent_ms, source, last_event, answered_at)
    SELECT %(campaign)s, last.task_id, %(annotator)s, filled.id, category, subtype, skip_reason,
        confidence, note, flagged, first_choice_ms, spent_ms, %(source)s, event, %(now)s
    FROM last LEFT JOIN filled ON filled.task_id = last.task_id
    ON CONFLICT (task_id, annotator_id) DO UPDATE SET
        slot_id = EXCLUDED.slot_id, category = EXCLUDED.category, subtype = EXCLUDED.subtype,
        skip_reason = EXCLUDED.skip_reason, confidence = EXCLUDED.confidence, note = EXCLUDED.note,
        flagged = EXCLUDED.flagged, first_choice_ms = EXCLUDED.first_choice_ms, spent_ms = EXCLUDED.spent_ms,
        source = EXCLUDED.source, last_event = EXCLUDED.last_event, answered_at = EXCLUDED.answered_at
    RETURNING task_id, slot_id, last_event
)
SELECT known.key, known.task_id, known.kind, heard.id IS NOT NULL, kept.slot_id, kept.last_event = heard.id
FROM known LEFT JOIN heard ON heard.key = known.key LEFT JOIN kept ON kept.task_id = known.task_id
ORDER BY known.n
"""

# An answer that holds no slot takes a free one of its task: where it is what the annotator says now and they have none
# there, within their quota.
CLAIM = """
WITH free AS (
    SELECT s.id FROM annotation_slot s WHERE s.task_id = %(task)s AND s.state = 'free'
        AND EXISTS (SELECT FROM annotation_label l JOIN annotation_labelevent e ON e.id = l.last_event
            WHERE l.task_id = s.task_id AND l.annotator_id = %(annotator)s AND l.slot_id IS NULL AND e.key = %(key)s)
        AND NOT EXISTS (SELECT FROM annotation_slot o WHERE o.task_id = s.task_id AND o.annotator_id = %(annotator)s)
        AND EXISTS (SELECT FROM annotation_annotator a WHERE a.id = %(annotator)s AND a.left_at IS NULL
            AND (a.quota IS NULL OR a.held < a.quota))
    ORDER BY s.number LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED
), taken AS (
    UPDATE annotation_slot s SET state = %(state)s, annotator_id = %(annotator)s
    FROM free WHERE s.id = free.id RETURNING s.id
), counted AS (
    UPDATE annotation_annotator SET held = held + 1 WHERE id = %(annotator)s AND EXISTS (SELECT FROM taken)
)
UPDATE annotation_label l SET slot_id = taken.id FROM taken
WHERE l.task_id = %(task)s AND l.annotator_id = %(annotator)s RETURNING l.id
"""

# A task that somebody was given or has answered; and, while it is hidden which side is which, what they chose is kept:
# an answer that was given already was the first choice.
CHOSEN = """
WITH theirs AS (
    SELECT t.id, t.prompt, t."right", t.given FROM annotation_task t
    WHERE t.id = %(task)s AND t.campaign_id = %(campaign)s AND (
        EXISTS (SELECT FROM annotation_slot s WHERE s.task_id = t.id AND s.annotator_id = %(annotator)s)
        OR EXISTS (SELECT FROM annotation_label l WHERE l.task_id = t.id AND l.annotator_id = %(annotator)s)
    )
), kept AS (
    INSERT INTO annotation_firstchoice (campaign_id, task_id, annotator_id, category, at)
    SELECT %(campaign)s, theirs.id, %(annotator)s, %(category)s, %(now)s FROM theirs WHERE %(blind)s AND NOT EXISTS (
        SELECT FROM annotation_labelevent e
        WHERE e.task_id = theirs.id AND e.annotator_id = %(annotator)s AND e.kind = 'answer'
    ) ON CONFLICT (annotator_id, task_id) DO NOTHING
)
SELECT id, prompt, "right", given FROM theirs
"""

# The planted truths of some tasks; the newest counts, an empty one is none.
GOLD = """
SELECT DISTINCT ON (task_id) task_id, category, subtype, explanation FROM annotation_gold
WHERE task_id = ANY(%(tasks)s::bigint[]) ORDER BY task_id, id DESC
"""

# A page has shown a reminder: it is over, and those before it.
SEEN = """
UPDATE annotation_reminder SET shown_at = %(now)s
WHERE annotator_id = %(annotator)s AND id <= %(reminder)s AND shown_at IS NULL RETURNING id
"""

TASK = 'SELECT id, prompt, "right", given FROM annotation_task WHERE id = %(task)s AND campaign_id = %(campaign)s'

OPEN_FOR = """
SELECT t.id, t.prompt, t."right", t.given FROM annotation_slot s JOIN annotation_task t ON t.id = s.task_id
WHERE s.annotator_id = %(annotator)s AND s.state = 'open' AND NOT s.task_id = ANY(%(have)s::bigint[])
ORDER BY s.position LIMIT %(wanted)s
"""

# What somebody holds already in a pool (the page was loaded anew), its leases begun anew.
HELD = """
WITH mine AS (
    SELECT s.id, s.task_id, s.position FROM annotation_slot s
    WHERE s.campaign_id = %(campaign)s AND s.annotator_id = %(annotator)s AND s.state IN ('leased', 'open')
        AND NOT s.task_id = ANY(%(have)s::bigint[])
    ORDER BY s.position LIMIT %(wanted)s
), renewed AS (
    UPDATE annotation_slot s SET lease_until = %(until)s FROM mine WHERE s.id = mine.id AND s.state = 'leased'
)
SELECT t.id, t.prompt, t."right", t.given FROM mine JOIN annotation_task t ON t.id = mine.task_id
ORDER BY mine.position
"""

# Candidates without a lock, then one free slot of each that nobody else is taking, until enough are had. OFFSET 0 has
# each looked at as it comes: joined, all slots and labels of an annotator are read for one task.
LEASE = """
WITH me AS (
    SELECT greatest(0, least(%(wanted)s, coalesce(quota - held, %(wanted)s), %(most)s - (
        SELECT count(*) FROM annotation_slot l
        WHERE l.campaign_id = %(campaign)s AND l.annotator_id = %(annotator)s AND l.state = 'leased'
    ))) AS wanted FROM annotation_annotator
    WHERE id = %(annotator)s AND left_at IS NULL
), candidate AS (
    SELECT s.task_id, s.position FROM annotation_slot s
    WHERE s.campaign_id = %(campaign)s AND s.state = 'free' AND NOT s.task_id = ANY(%(have)s::bigint[])
        AND NOT EXISTS (SELECT FROM annotation_slot o WHERE o.task_id = s.task_id AND o.annotator_id = %(annotator)s
            OFFSET 0)
        AND NOT EXISTS (SELECT FROM annotation_label l WHERE l.task_id = s.task_id AND l.annotator_id = %(annotator)s
            AND (l.category <> '' OR l.skip_reason <> '') OFFSET 0)
        AND NOT EXISTS (SELECT FROM annotation_slot e WHERE e.task_id = s.task_id AND e.state = 'free'
            AND e.number < s.number OFFSET 0)
    ORDER BY s.position LIMIT 400
), free AS (
    SELECT f.id FROM candidate CROSS JOIN LATERAL (
        SELECT s.id FROM annotation_slot s WHERE s.task_id = candidate.task_id AND s.state = 'free'
        ORDER BY s.number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ) f LIMIT (SELECT wanted FROM me)
), taken AS (
    UPDATE annotation_slot s SET state = 'leased', annotator_id = %(annotator)s, lease_until = %(until)s
    WHERE s.id = ANY(ARRAY(SELECT id FROM free)) RETURNING s.task_id, s.position
), counted AS (
    UPDATE annotation_annotator SET held = held + (SELECT count(*) FROM taken)
    WHERE id = %(annotator)s AND EXISTS (SELECT FROM taken)
)
SELECT t.id, t.prompt, t."right", t.given FROM taken JOIN annotation_task t ON t.id = taken.task_id
ORDER BY taken.position
"""

# As many as HELD leaves wanted, asked for along with it.
_MINE = """(
        SELECT count(*) FROM annotation_slot h
        WHERE h.campaign_id = %(campaign)s AND h.annotator_id = %(annotator)s AND h.state IN ('leased', 'open')
            AND NOT h.task_id = ANY(%(have)s::bigint[])
    )"""
LEASE_BESIDE = LEASE.replace("least(%(wanted)s,", f"least(%(wanted)s - {_MINE},")

# Who has leases that are over and is not writing this moment: their rows are locked, in the order of their ids.
LAPSED = """
SELECT a.id FROM annotation_annotator a WHERE a.id IN (
    SELECT s.annotator_id FROM annotation_slot s
    WHERE s.campaign_id = %(campaign)s AND s.state = 'leased' AND s.lease_until < %(now)s
) ORDER BY a.id FOR UPDATE OF a SKIP LOCKED
"""
RELEASE = """
WITH due AS (
    SELECT id, annotator_id FROM annotation_slot
    WHERE campaign_id = %(campaign)s AND state = 'leased' AND lease_until < %(now)s
        AND annotator_id = ANY(%(annotators)s)
), released AS (
    UPDATE annotation_slot s SET state = 'free', annotator_id = NULL, lease_until = NULL
    FROM due WHERE s.id = due.id RETURNING due.annotator_id
), counted AS (
    UPDATE annotation_annotator a SET held = greatest(a.held - r.slots, 0)
    FROM (SELECT annotator_id, count(*) AS slots FROM released GROUP BY annotator_id) r WHERE a.id = r.annotator_id
)
SELECT count(*) FROM released
"""
KEEP = """
UPDATE annotation_slot SET lease_until = %(until)s
WHERE annotator_id = %(annotator)s AND state = 'leased' AND task_id = ANY(%(have)s::bigint[]) RETURNING id
"""

# `done`, `left` (open or leased), and all of one's own slots that count.
PROGRESS = """
SELECT count(*) FILTER (WHERE state IN ('answered', 'skipped')), count(*) FILTER (WHERE state IN ('open', 'leased')),
    count(*) FILTER (WHERE state = 'skipped')
FROM annotation_slot WHERE campaign_id = %(campaign)s AND annotator_id = %(annotator)s
"""
