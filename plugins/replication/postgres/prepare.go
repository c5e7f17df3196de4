package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/s3sql/s3sql/plugins/replication"
)

// positions is the table that positions are kept in, of all replications that lead to the schema.
var positions = &replication.Destination{Name: "s3sql_positions", Key: []int{0}, Columns: []replication.Column{
	{Name: "name", Kind: replication.Text}, {Name: "position", Kind: replication.Text}, {Name: "updated_at", Kind: replication.Timestamp}}}

// logColumns are those of the option log_table.
var logColumns = []replication.Column{{Name: "at", Kind: replication.Timestamp}, {Name: "record", Kind: replication.Text}, {Name: "record_id", Kind: replication.Text},
	{Name: "source", Kind: replication.Text}, {Name: "destination", Kind: replication.Text}, {Name: "operation", Kind: replication.Text}, {Name: "data", Kind: replication.JSON}}

// Prepare makes the schema, the tables and the columns that are missing. Of several processes one at a time does it.
//
// Cost: two queries for each table, or four where it is changed. A column is added without rewriting the table.
//
// Errors: Permanent where create_tables is off and something is missing, where a table has another key, and for want of a privilege;
// what the server or the connection says.
func (t *target) Prepare(ctx context.Context, all []*replication.Destination) error {
	tables := make(map[*replication.Destination]*table, len(all))
	err := t.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "s3sql/"+t.schema); err != nil {
			return err
		}
		if err := t.ensureSchema(ctx, tx); err != nil {
			return err
		}
		if _, err := t.ensure(ctx, tx, positions, positions.Columns, true); err != nil {
			return err
		}
		if t.log != nil {
			if _, err := t.ensure(ctx, tx, t.log, t.log.Columns, t.create); err != nil {
				return err
			}
		}
		for _, d := range all {
			f, err := t.ensureDestination(ctx, tx, d)
			if err != nil {
				return err
			}
			tables[d] = t.statements(d, f)
		}
		return nil
	})
	if err != nil {
		return t.explain("the tables cannot be prepared", err)
	}
	t.tables = tables
	return nil
}

func (t *target) ensureSchema(ctx context.Context, tx pgx.Tx) error {
	var there bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", t.schema).Scan(&there); err != nil || there {
		return err
	}
	if !t.create {
		return replication.Permanent(fmt.Errorf("there is no schema %s: create it, or leave out create_tables = false", t.schema))
	}
	_, err := tx.Exec(ctx, "CREATE SCHEMA "+quote(t.schema))
	return err
}

func (t *target) ensureDestination(ctx context.Context, tx pgx.Tx, d *replication.Destination) (*found, error) {
	if err := t.checkDefinition(d); err != nil {
		return nil, replication.Permanent(err)
	}
	f, err := t.ensure(ctx, tx, d, t.columns(d), t.create)
	if err != nil {
		return nil, err
	}
	return f, replication.Permanent(t.checkKey(d, f))
}

// checkDefinition looks for what no table of PostgreSQL can be.
func (t *target) checkDefinition(d *replication.Destination) error {
	if err := checkName("the destination of "+d.Source, d.Name); err != nil {
		return err
	}
	if d.Name == positions.Name || t.log != nil && d.Name == t.log.Name {
		return fmt.Errorf("the destination of %s is %s, which the replication keeps for itself: name another with INTO", d.Source, d.Name)
	}
	for i := range d.Columns {
		name := d.Columns[i].Name
		if err := checkName("a column of "+d.Name, name); err != nil {
			return err
		}
		if slices.ContainsFunc(t.own(), func(c replication.Column) bool { return strings.EqualFold(c.Name, name) }) {
			return fmt.Errorf("the column %s of %s has the name of one that mode = '%s' adds: give it another by AS", name, d.Name, t.mode)
		}
	}
	return nil
}

// ensure makes a table or the columns that it lacks, and returns it as it then is.
func (t *target) ensure(ctx context.Context, tx pgx.Tx, d *replication.Destination, columns []replication.Column, create bool) (*found, error) {
	f, err := t.look(ctx, tx, d.Name)
	if err != nil {
		return nil, err
	}
	var change string
	switch {
	case f == nil && !create:
		return nil, replication.Permanent(fmt.Errorf("there is no table %s.%s: create it, or leave out create_tables = false", t.schema, d.Name))
	case f == nil:
		change = t.createTable(d, columns)
	default:
		missing := f.missing(columns)
		if len(missing) == 0 {
			return f, nil
		}
		if !create {
			return nil, replication.Permanent(fmt.Errorf("table %s.%s has no column %s: add it, leave out create_tables = false, or choose the columns by AS SELECT",
				t.schema, d.Name, strings.Join(named(columns, missing), ", ")))
		}
		change = t.addColumns(d, columns, missing)
	}
	if _, err := tx.Exec(ctx, change); err != nil {
		return nil, err
	}
	return t.look(ctx, tx, d.Name)
}

// createTable writes a statement. Columns outside the key take NULL even where those of the source do not: a column that the source
// drops one day is to stand in nobody's way here.
func (t *target) createTable(d *replication.Destination, columns []replication.Column) string {
	defs := make([]string, 0, len(columns)+1)
	for i := range columns {
		defs = append(defs, quote(columns[i].Name)+" "+typeOf(&columns[i]))
	}
	if len(d.Key) > 0 && (t.mode != modeAppend || d == positions) {
		defs = append(defs, "PRIMARY KEY ("+strings.Join(named(columns, d.Key), ", ")+")")
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", quote(t.schema, d.Name), strings.Join(defs, ", "))
}

func (t *target) addColumns(d *replication.Destination, columns []replication.Column, missing []int) string {
	adds := make([]string, len(missing))
	for i, m := range missing {
		c := &columns[m]
		adds[i] = "ADD COLUMN " + quote(c.Name) + " " + typeOf(c)
		if text, ok, err := encode(c, c.Initial); err == nil && ok { // rows that are there have it
			adds[i] += " DEFAULT '" + strings.ReplaceAll(text, "'", "''") + "'"
		}
	}
	return fmt.Sprintf("ALTER TABLE %s %s", quote(t.schema, d.Name), strings.Join(adds, ", "))
}

// table returns the statements of a destination, looking at its table where Prepare has not, or something has changed since.
func (t *target) table(ctx context.Context, q querier, d *replication.Destination) (*table, error) {
	if tab := t.tables[d]; tab != nil {
		return tab, nil
	}
	f, err := t.look(ctx, q, d.Name)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, replication.Permanent(fmt.Errorf("there is no table %s.%s any more: create it", t.schema, d.Name))
	}
	if missing := f.missing(t.columns(d)); len(missing) > 0 {
		return nil, replication.Permanent(fmt.Errorf("table %s.%s has no column %s any more: add it", t.schema, d.Name, strings.Join(named(t.columns(d), missing), ", ")))
	}
	if err := t.checkKey(d, f); err != nil {
		return nil, replication.Permanent(err)
	}
	if t.tables == nil {
		t.tables = map[*replication.Destination]*table{}
	}
	t.tables[d] = t.statements(d, f)
	return t.tables[d], nil
}
