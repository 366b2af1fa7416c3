"""Guards: what must never be and one row alone cannot show. They hold for everyone, raw SQL included.

Each refusal is a check_violation that carries a constraint's name, so the application sees an IntegrityError.
The web role owns none of these tables (operations/grants.py) and so cannot switch a guard off. Every function
names the schemas it reads, the temporary one last: a table of the caller's own must not stand in for a record.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse(rule text, sentence text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = rule, MESSAGE = sentence;
END $$;

-- For triggers whose very firing is the offence: the rule and the sentence are the trigger's arguments.
CREATE FUNCTION refuse_always() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM refuse(TG_ARGV[0], TG_ARGV[1]);
    RETURN NULL;
END $$;
"""

CODES = "".join(
    f"""
CREATE TRIGGER {table}_code_is_kept BEFORE UPDATE ON operations_{table}
    FOR EACH ROW WHEN (OLD.code IS DISTINCT FROM NEW.code)
    EXECUTE FUNCTION refuse_always('{table}_code_is_kept', 'A code stands in files and addresses and is never changed.');
"""
    for table in ("country", "agency", "focusarea", "unit", "indicator", "operation")
)

AGENCY = """
CREATE FUNCTION agency_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM operations_revision v JOIN operations_report r ON r.id = v.report_id
                WHERE r.agency_id = OLD.id) THEN
        PERFORM refuse('agency_keeps_its_country', format('%s has reported for its country, which stays.', OLD.code));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER agency_guard BEFORE UPDATE ON operations_agency
    FOR EACH ROW WHEN (OLD.country_id IS DISTINCT FROM NEW.country_id) EXECUTE FUNCTION agency_guard();
"""

INDICATOR = """
CREATE FUNCTION indicator_in_use(which bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE below AS (
        SELECT which AS id
        UNION SELECT i.id FROM operations_indicator i JOIN below b ON i.parent_id = b.id
    )
    SELECT EXISTS (SELECT FROM operations_figure f JOIN below b ON f.indicator_id = b.id)
$$;

CREATE FUNCTION indicator_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    above operations_indicator;
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.area_id, OLD.parent_id, OLD.unit_id, OLD.decimals)
            IS DISTINCT FROM (NEW.area_id, NEW.parent_id, NEW.unit_id, NEW.decimals)
            AND indicator_in_use(OLD.id) THEN
        PERFORM refuse('indicator_in_use_is_kept', format(
            '%s has figures: its area, parent, unit and decimals stay; make a new indicator instead.', OLD.code));
    END IF;
    IF NEW.parent_id IS NOT NULL THEN
        SELECT * INTO above FROM operations_indicator WHERE id = NEW.parent_id;
        IF (above.area_id, above.unit_id, above.decimals)
                IS DISTINCT FROM (NEW.area_id, NEW.unit_id, NEW.decimals) THEN
            PERFORM refuse('indicator_like_its_parent', format(
                '%s needs the area, the unit and the decimals of its parent %s.', NEW.code, above.code));
        END IF;
        IF EXISTS (SELECT FROM operations_figure WHERE indicator_id = NEW.parent_id) THEN
            PERFORM refuse('indicator_parent_has_no_figures', format(
                '%s has figures of its own and cannot become a calculated total.', above.code));
        END IF;
        IF EXISTS (
            WITH RECURSIVE up AS (
                SELECT above.id AS id, above.parent_id AS parent_id
                UNION SELECT i.id, i.parent_id FROM operations_indicator i JOIN up ON i.id = up.parent_id
            ) SELECT FROM up WHERE up.id = NEW.id
        ) THEN
            PERFORM refuse('indicator_tree_has_no_circle', format('%s would stand above itself.', NEW.code));
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER indicator_guard BEFORE INSERT OR UPDATE ON operations_indicator
    FOR EACH ROW EXECUTE FUNCTION indicator_guard();
"""

FACTOR = """
CREATE FUNCTION factor_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (OLD.unit_id, OLD.into_id, OLD.indicator_id, OLD.factor, OLD.valid_from)
            IS DISTINCT FROM (NEW.unit_id, NEW.into_id, NEW.indicator_id, NEW.factor, NEW.valid_from)
            AND EXISTS (SELECT FROM operations_figure WHERE factor_id = OLD.id) THEN
        PERFORM refuse('factor_in_use_is_kept', 'Figures were converted by this factor; add one with a later date.');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER factor_guard BEFORE UPDATE ON operations_factor FOR EACH ROW EXECUTE FUNCTION factor_guard();
"""

OPERATION = """
CREATE FUNCTION operation_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM operations_report WHERE operation_id = NEW.id
        AND (month < date_trunc('month', NEW.first_day) OR month > NEW.last_day)
    ) THEN
        PERFORM refuse('operation_contains_its_reports', format('%s has reports outside these days.', NEW.code));
    END IF;
    IF EXISTS (
        SELECT FROM operations_release WHERE operation_id = NEW.id AND at IS NOT NULL AND (
            OLD.first_day <> NEW.first_day OR (OLD.is_demonstration AND NOT NEW.is_demonstration)
            OR (OLD.last_day <> NEW.last_day
                AND last_month >= date_trunc('month', least(OLD.last_day, NEW.last_day))))
    ) THEN
        PERFORM refuse('operation_released_is_kept', format('%s is released: what its files say stays.', NEW.code));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER operation_guard BEFORE UPDATE ON operations_operation FOR EACH ROW WHEN (
    (OLD.first_day, OLD.last_day, OLD.is_demonstration)
        IS DISTINCT FROM (NEW.first_day, NEW.last_day, NEW.is_demonstration))
    EXECUTE FUNCTION operation_guard();

CREATE FUNCTION operation_indicator_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') AND EXISTS (
        SELECT FROM operations_figure f
        JOIN operations_revision v ON v.id = f.revision_id
        JOIN operations_report r ON r.id = v.report_id
        WHERE f.indicator_id = OLD.indicator_id AND r.operation_id = OLD.operation_id
    ) THEN
        PERFORM refuse('operation_keeps_reported_indicators', 'The operation has figures of this indicator.');
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF EXISTS (SELECT FROM operations_indicator WHERE parent_id = NEW.indicator_id) THEN
        PERFORM refuse('operation_enters_leaves_only', 'A calculated total is not entered; choose its parts.');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER operation_indicator_guard BEFORE INSERT OR UPDATE OR DELETE ON operations_operation_indicators
    FOR EACH ROW EXECUTE FUNCTION operation_indicator_guard();
"""

REPORT = """
CREATE FUNCTION report_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    o operations_operation;
BEGIN
    SELECT * INTO o FROM operations_operation WHERE id = NEW.operation_id;
    IF NEW.month < date_trunc('month', o.first_day) OR NEW.month > o.last_day THEN
        PERFORM refuse('report_month_within_operation', format('%s runs from %s to %s; %s lies outside.',
            o.code, o.first_day, o.last_day, to_char(NEW.month, 'YYYY-MM')));
    END IF;
    -- What a release expected is a part of what it says: “77 of 77 reports”.
    IF TG_OP = 'INSERT' AND EXISTS (
        SELECT FROM operations_release
         WHERE operation_id = NEW.operation_id AND at IS NOT NULL AND last_month >= NEW.month
    ) THEN
        PERFORM refuse('report_before_its_release', format('%s is released up to a later month than %s.',
            o.code, to_char(NEW.month, 'YYYY-MM')));
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.operation_id, OLD.agency_id, OLD.month)
            IS DISTINCT FROM (NEW.operation_id, NEW.agency_id, NEW.month) THEN
        PERFORM refuse('report_is_kept', 'A report keeps its operation, agency and month.');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER report_guard BEFORE INSERT OR UPDATE ON operations_report
    FOR EACH ROW EXECUTE FUNCTION report_guard();
"""

REVISION = """
CREATE FUNCTION revision_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            PERFORM refuse('revision_begins_as_draft', 'A revision begins as a draft.');
        END IF;
        IF NEW.number <> 1 + coalesce(
                (SELECT max(number) FROM operations_revision WHERE report_id = NEW.report_id AND state = 'verified'), 0) THEN
            PERFORM refuse('revision_follows_a_verified_one',
                'A correction is the next revision after the newest verified one.');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'verified' THEN
        PERFORM refuse('revision_verified_is_frozen',
            'This revision is verified and is never changed; open a correction instead.');
    END IF;
    IF (OLD.report_id, OLD.number) IS DISTINCT FROM (NEW.report_id, NEW.number) THEN
        PERFORM refuse('revision_is_kept', 'A revision keeps its report and its number.');
    END IF;
    IF (OLD.state, NEW.state) NOT IN
            (('draft', 'draft'), ('draft', 'submitted'), ('submitted', 'submitted'), ('submitted', 'draft'),
             ('submitted', 'verified')) THEN
        PERFORM refuse('revision_moves_in_order', format('A revision does not go from %s to %s.', OLD.state, NEW.state));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER revision_guard BEFORE INSERT OR UPDATE ON operations_revision
    FOR EACH ROW EXECUTE FUNCTION revision_guard();
CREATE TRIGGER revision_is_never_deleted BEFORE DELETE ON operations_revision
    FOR EACH ROW EXECUTE FUNCTION refuse_always('revision_is_never_deleted', 'A revision is never deleted.');

-- At commit the history must agree with the state: no move without its step.
CREATE FUNCTION revision_has_its_step() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (SELECT state FROM operations_revision WHERE id = NEW.id) IS DISTINCT FROM
            (SELECT to_state FROM operations_step WHERE revision_id = NEW.id ORDER BY id DESC LIMIT 1) THEN
        PERFORM refuse('revision_has_its_step', 'A revision moves only together with a step that says who and why.');
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER revision_has_its_step AFTER INSERT OR UPDATE OF state ON operations_revision
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION revision_has_its_step();
"""

# Statement triggers with transition tables: a report of 23 figures or an import of a million is judged in one pass.
# SECURITY DEFINER because nobody but this function may write a change.
FIGURE = """
CREATE FUNCTION figure_in_words(
    value numeric, mark text, estimated boolean, quantity numeric, unit bigint, factor bigint, note text
) RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object(
        'value', value::text, 'mark', mark, 'estimated', estimated, 'note', note,
        'quantity', trim_scale(quantity)::text,
        'unit', (SELECT code FROM operations_unit WHERE id = unit),
        'factor', (SELECT trim_scale(f.factor)::text FROM operations_factor f WHERE f.id = figure_in_words.factor))
$$;

CREATE FUNCTION figure_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wrong record;
    touched record;
    -- The verb leaves these in its transaction; past the application a change has no author and the time of now.
    who bigint := nullif(current_setting('operations.by', true), '')::bigint;
    moment timestamptz := coalesce(nullif(current_setting('operations.at', true), '')::timestamptz, now());
BEGIN
    -- It runs with its owner's rights, so it must not be hung on a table of somebody else's making.
    IF TG_RELID <> 'public.operations_figure'::regclass THEN
        PERFORM refuse('figure_changes_its_own_table', 'Only figures change figures.');
    END IF;

    -- The row lock of this update makes a submission wait for a save, and a save for a submission.
    FOR touched IN
        UPDATE operations_revision SET version = version + 1
         WHERE id IN (SELECT revision_id FROM new_rows) RETURNING state
    LOOP
        IF touched.state <> 'draft' THEN
            PERFORM refuse('figure_changes_in_drafts_only',
                'This revision is submitted; it can be changed once it is sent back.');
        END IF;
    END LOOP;

    SELECT i.code, i.decimals, n.value, oi.id IS NULL AS is_foreign,
           EXISTS (SELECT FROM operations_indicator c WHERE c.parent_id = i.id) AS is_parent
      INTO wrong
      FROM new_rows n
      JOIN operations_indicator i ON i.id = n.indicator_id
      JOIN operations_revision v ON v.id = n.revision_id
      JOIN operations_report r ON r.id = v.report_id
      LEFT JOIN operations_operation_indicators oi ON oi.operation_id = r.operation_id AND oi.indicator_id = i.id
     WHERE oi.id IS NULL OR n.value <> round(n.value, i.decimals)
        OR EXISTS (SELECT FROM operations_indicator c WHERE c.parent_id = i.id)
     LIMIT 1;
    IF wrong.is_parent THEN
        PERFORM refuse('figure_on_leaves_only', format('%s is calculated from its parts; enter the parts.', wrong.code));
    ELSIF wrong.is_foreign THEN
        PERFORM refuse('figure_of_the_operation', format('The operation does not collect %s.', wrong.code));
    ELSIF FOUND THEN
        PERFORM refuse('figure_at_most_the_decimals',
            format('%s has at most %s decimals: %s.', wrong.code, wrong.decimals, wrong.value));
    END IF;

    SELECT i.code INTO wrong
      FROM new_rows n
      JOIN operations_indicator i ON i.id = n.indicator_id
      LEFT JOIN operations_factor f ON f.id = n.factor_id
     WHERE n.value IS NOT NULL AND (
               n.value IS DISTINCT FROM round(n.quantity * coalesce(f.factor, 1), i.decimals)
            OR (f.id IS NULL AND n.unit_id <> i.unit_id)
            OR (f.id IS NOT NULL AND (f.unit_id <> n.unit_id OR f.into_id <> i.unit_id
                                      OR f.indicator_id <> i.id)))
     LIMIT 1;
    IF FOUND THEN
        PERFORM refuse('figure_value_follows_from_its_quantity',
            format('%s: the value is the quantity as reported times the factor, nothing else.', wrong.code));
    END IF;

    IF TG_OP = 'UPDATE' THEN
        IF EXISTS (
            SELECT FROM old_rows o LEFT JOIN new_rows n
                ON n.id = o.id AND n.revision_id = o.revision_id AND n.indicator_id = o.indicator_id
             WHERE n.id IS NULL
        ) THEN
            PERFORM refuse('figure_is_kept', 'A figure keeps its revision and its indicator.');
        END IF;
        INSERT INTO operations_change (revision_id, indicator_id, version, before, after, by_id, at)
        SELECT revision_id, indicator_id, version, before, after, who, moment FROM (
            SELECT n.revision_id, n.indicator_id, v.version,
                   figure_in_words(o.value, o.mark, o.estimated, o.quantity, o.unit_id, o.factor_id, o.note) AS before,
                   figure_in_words(n.value, n.mark, n.estimated, n.quantity, n.unit_id, n.factor_id, n.note) AS after
              FROM new_rows n
              JOIN old_rows o ON o.id = n.id
              JOIN operations_revision v ON v.id = n.revision_id
        ) AS moves WHERE before IS DISTINCT FROM after;
    ELSE
        -- A correction begins as a copy: what it took over unchanged from the revision before is no change.
        INSERT INTO operations_change (revision_id, indicator_id, version, before, after, by_id, at)
        SELECT revision_id, indicator_id, version, before, after, who, moment FROM (
            SELECT n.revision_id, n.indicator_id, v.version,
                   CASE WHEN p.id IS NOT NULL THEN figure_in_words(
                       p.value, p.mark, p.estimated, p.quantity, p.unit_id, p.factor_id, p.note) END AS before,
                   figure_in_words(n.value, n.mark, n.estimated, n.quantity, n.unit_id, n.factor_id, n.note) AS after
              FROM new_rows n
              JOIN operations_revision v ON v.id = n.revision_id
              LEFT JOIN operations_revision earlier
                     ON earlier.report_id = v.report_id AND earlier.number = v.number - 1
              LEFT JOIN operations_figure p ON p.revision_id = earlier.id AND p.indicator_id = n.indicator_id
        ) AS moves WHERE before IS DISTINCT FROM after;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER figure_inserted AFTER INSERT ON operations_figure
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION figure_changed();
CREATE TRIGGER figure_updated AFTER UPDATE ON operations_figure
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION figure_changed();
CREATE TRIGGER figure_is_never_deleted BEFORE DELETE ON operations_figure
    FOR EACH ROW EXECUTE FUNCTION refuse_always(
        'figure_is_never_deleted', 'A figure is never deleted; in a draft it can be emptied.');
"""

HISTORIES = """
-- A step tells of the move just made; it cannot be told later or of another.
CREATE FUNCTION step_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.to_state IS DISTINCT FROM (SELECT state FROM operations_revision WHERE id = NEW.revision_id) THEN
        PERFORM refuse('step_tells_the_state', 'A step tells of the state that its revision is in.');
    END IF;
    IF NEW.verb = 'verify' AND EXISTS (
        SELECT FROM operations_revision v
        JOIN operations_revision own ON own.report_id = v.report_id AND own.number <= v.number
        WHERE v.id = NEW.revision_id AND (
            EXISTS (SELECT FROM operations_change c WHERE c.revision_id = own.id AND c.by_id = NEW.by_id)
            OR EXISTS (SELECT FROM operations_step s
                       WHERE s.revision_id = own.id AND s.by_id = NEW.by_id AND s.verb = 'submit'))
    ) THEN
        PERFORM refuse('step_verified_by_another', 'Nobody verifies what they entered or submitted themselves.');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER step_guard BEFORE INSERT ON operations_step FOR EACH ROW EXECUTE FUNCTION step_guard();
""" + "".join(
    f"""
CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON operations_{table}
    FOR EACH ROW EXECUTE FUNCTION refuse_always('{table}_is_append_only', 'History is never changed.');
"""
    for table in ("step", "change")
)

RELEASE = """
CREATE FUNCTION release_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.at IS NOT NULL THEN
            PERFORM refuse('release_is_filled_first', 'A release is filled first and published then.');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.at IS NOT NULL THEN
        PERFORM refuse('release_is_frozen', 'A published release is never changed; make the next one.');
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF (OLD.operation_id, OLD.number) IS DISTINCT FROM (NEW.operation_id, NEW.number) THEN
        PERFORM refuse('release_is_kept', 'A release keeps its operation and its number.');
    END IF;
    IF NEW.at IS NOT NULL AND NOT EXISTS (SELECT FROM operations_pin WHERE release_id = NEW.id) THEN
        PERFORM refuse('release_is_not_empty', 'A release needs at least one verified report.');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER release_guard BEFORE INSERT OR UPDATE OR DELETE ON operations_release
    FOR EACH ROW EXECUTE FUNCTION release_guard();

CREATE FUNCTION pin_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    SELECT r.number, v.state INTO wrong
      FROM new_rows n
      JOIN operations_release r ON r.id = n.release_id
      JOIN operations_revision v ON v.id = n.revision_id
      JOIN operations_report p ON p.id = v.report_id
     WHERE r.at IS NOT NULL OR v.state <> 'verified' OR v.report_id <> n.report_id
        OR p.operation_id <> r.operation_id OR p.month > r.last_month
     LIMIT 1;
    IF FOUND THEN
        PERFORM refuse('pin_fits_its_release',
            'A release takes, before it is published, verified revisions of its own operation and months.');
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER pin_guard AFTER INSERT ON operations_pin
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pin_guard();

CREATE FUNCTION pin_is_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM operations_release WHERE id = OLD.release_id AND at IS NOT NULL) THEN
        PERFORM refuse('release_is_frozen', 'A published release is never changed; make the next one.');
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER pin_is_kept BEFORE UPDATE OR DELETE ON operations_pin FOR EACH ROW EXECUTE FUNCTION pin_is_kept();
"""

TRUNCATE = "".join(
    f"""
CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON operations_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_always('{table}_is_never_emptied', 'Records are never emptied out.');
"""
    for table in ("report", "revision", "figure", "step", "change", "release", "pin")
)

SECTIONS = [
    REFUSE,
    CODES,
    AGENCY,
    INDICATOR,
    FACTOR,
    OPERATION,
    REPORT,
    REVISION,
    FIGURE,
    HISTORIES,
    RELEASE,
    TRUNCATE,
]


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]
    # One way: a database without its guards is never a state to go back to.
    operations = [migrations.RunSQL(section) for section in SECTIONS]
