-- The record of people's acts gets an owner as whom nobody signs in (docs/audit.md). Run by a
-- superuser after the migrations, as often as one likes.
DO $$ BEGIN
    CREATE ROLE portal_record NOLOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
ALTER TABLE core_auditentry OWNER TO portal_record;
ALTER TABLE core_auditlink OWNER TO portal_record;
ALTER FUNCTION core_refuse_change() OWNER TO portal_record;
REVOKE ALL ON core_auditentry, core_auditlink FROM statusportal;
GRANT SELECT, INSERT ON core_auditentry, core_auditlink TO statusportal;
