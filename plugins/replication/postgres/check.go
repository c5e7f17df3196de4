package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/s3sql/s3sql/plugins/replication"
)

// Check looks at connection, privileges and each destination's table, in this order, and ends after a connection that fails.
//
// Cost: four queries, and three for each table.
func (t *target) Check(ctx context.Context, all []*replication.Destination) []replication.Check {
	note, err := t.checkConnection(ctx)
	checks := []replication.Check{{What: "connection", Err: t.explain("no connection", err), Note: note}}
	if err != nil {
		return checks
	}
	note, err = t.checkPrivileges(ctx)
	checks = append(checks, replication.Check{What: "permissions", Err: t.explain("the privileges cannot be looked up", err), Note: note})
	if t.log != nil {
		note, err = t.checkTable(ctx, t.log, t.log.Columns)
		checks = append(checks, replication.Check{What: "log table " + t.log.Name, Err: t.explain("the table cannot be looked at", err), Note: note})
	}
	for _, d := range all {
		note, err := "", replication.Permanent(t.checkDefinition(d))
		if err == nil {
			note, err = t.checkTable(ctx, d, t.columns(d))
		}
		checks = append(checks, replication.Check{What: "table " + d.Name, Err: t.explain("the table cannot be looked at", err), Note: note})
	}
	return checks
}

func (t *target) checkConnection(ctx context.Context) (note string, err error) {
	var version, user, database string
	var standby, reads bool
	err = t.pool.QueryRow(ctx, `SELECT current_setting('server_version'), current_user::text, current_database()::text, pg_is_in_recovery(),
	current_setting('transaction_read_only')::boolean`).Scan(&version, &user, &database, &standby, &reads)
	if err != nil {
		return "", err
	}
	note = fmt.Sprintf("PostgreSQL %s, database %s, user %s", version, database, user)
	if standby || reads {
		err = replication.Permanent(errors.New("the server takes no changes: " + hints[readOnly]))
	}
	return note, err
}

// checkPrivileges looks at what the schema allows, and the table of positions.
func (t *target) checkPrivileges(ctx context.Context) (note string, err error) {
	var there, create, use, database bool
	err = t.pool.QueryRow(ctx, `SELECT n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'CREATE'), false), coalesce(has_schema_privilege(n.oid, 'USAGE'), false),
	has_database_privilege(current_database(), 'CREATE') FROM (SELECT 1) AS one LEFT JOIN pg_namespace n ON n.nspname = $1`, t.schema).Scan(&there, &create, &use, &database)
	if err != nil {
		return "", err
	}
	name := quote(t.schema)
	switch {
	case !there && !t.create:
		return "", replication.Permanent(fmt.Errorf("there is no schema %s: create it, or leave out create_tables = false", t.schema))
	case !there && !database:
		return "", replication.Permanent(fmt.Errorf("there is no schema %s, and the user may not create one: CREATE SCHEMA %s, and GRANT USAGE, CREATE ON SCHEMA %[2]s", t.schema, name))
	case !there:
		return "schema " + t.schema + " will be created", nil
	case !use:
		return "", replication.Permanent(fmt.Errorf("the user may not use schema %s: GRANT USAGE ON SCHEMA %s", t.schema, name))
	}
	kept, err := t.look(ctx, t.pool, positions.Name)
	switch {
	case err != nil:
		return "", err
	case !create && (t.create || kept == nil):
		return "", replication.Permanent(fmt.Errorf("the user may not create tables in schema %s: GRANT CREATE ON SCHEMA %s, or set create_tables = false and CREATE TABLE %s (name text PRIMARY KEY, position text, updated_at timestamptz)",
			t.schema, name, quote(t.schema, positions.Name)))
	case kept == nil:
		return "may create tables in schema " + t.schema, nil
	}
	return "may use schema " + t.schema, t.checkGrants(ctx, positions.Name, []string{"SELECT", "INSERT", "UPDATE"})
}

// checkGrants wants privileges on a table.
func (t *target) checkGrants(ctx context.Context, table string, wanted []string) error {
	name := quote(t.schema, table)
	var lacking []string
	for _, p := range wanted {
		var granted bool
		if err := t.pool.QueryRow(ctx, "SELECT has_table_privilege($1, $2)", name, p).Scan(&granted); err != nil {
			return err
		}
		if !granted {
			lacking = append(lacking, p)
		}
	}
	if lacking == nil {
		return nil
	}
	list := strings.Join(lacking, ", ")
	return replication.Permanent(fmt.Errorf("the user lacks privileges on %s.%s: GRANT %s ON %s", t.schema, table, list, name))
}

// grants are the privileges that the statements of a destination's table need; ON CONFLICT and WHERE read it.
func (t *target) grants(d *replication.Destination) []string {
	switch {
	case d == t.log:
		return []string{"INSERT"}
	case t.mode == modeUpsert && len(d.Key) > 0:
		return []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
	case t.mode == modeSoft:
		return []string{"SELECT", "INSERT", "UPDATE"}
	}
	return []string{"INSERT"}
}

func (t *target) checkTable(ctx context.Context, d *replication.Destination, columns []replication.Column) (note string, err error) {
	f, err := t.look(ctx, t.pool, d.Name)
	if err != nil {
		return "", err
	}
	if f == nil {
		if !t.create {
			return "", replication.Permanent(fmt.Errorf("there is no table %s.%s: create it, or leave out create_tables = false", t.schema, d.Name))
		}
		return "will be created", nil
	}
	if err := t.checkKey(d, f); err != nil {
		return "", replication.Permanent(err)
	}
	if needed := f.unfilled(columns); needed != nil {
		return "", replication.Permanent(fmt.Errorf("table %s.%s has columns that take no NULL and that the replication does not fill: give %s a default, or drop its NOT NULL",
			t.schema, d.Name, strings.Join(needed, ", ")))
	}
	note = "is there"
	if missing := f.missing(columns); len(missing) > 0 {
		list := strings.Join(named(columns, missing), ", ")
		if !t.create {
			return "", replication.Permanent(fmt.Errorf("table %s.%s has no column %s: add it, or leave out create_tables = false", t.schema, d.Name, list))
		}
		note = "is there; to be added: " + list
	}
	if narrowed := f.narrowed(columns); narrowed != nil {
		note += "; " + strings.Join(narrowed, "; ")
	}
	return note, t.checkGrants(ctx, d.Name, t.grants(d))
}
