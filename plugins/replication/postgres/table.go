package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/s3sql/s3sql/plugins/replication"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// found is a table as it is in the database.
type found struct {
	kind    string // r: a table; p: a partitioned one; v: a view; …
	columns []foundColumn
	primary []string   // columns of the primary key
	unique  [][]string // columns of each index that ON CONFLICT can name
}

type foundColumn struct {
	name, typ string
	cast      string // the type without its length: a cast to one with a length cuts off what is too long, an assignment does not
	needed    bool   // NOT NULL, and nothing fills it by itself
}

const columnsQuery = `SELECT c.relkind::text, coalesce(a.attname::text, ''), coalesce(format_type(a.atttypid, a.atttypmod), ''),
	coalesce(format_type(a.atttypid, -1), ''), coalesce(a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', false)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = $1 AND c.relname = $2 ORDER BY a.attnum`

const indexesQuery = `SELECT i.indisprimary, i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL,
	ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) AS g JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[g] ORDER BY g)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique`

// look returns what stands under a name in the schema, nil if nothing does.
//
// Cost: two queries.
func (t *target) look(ctx context.Context, q querier, name string) (*found, error) {
	var f *found
	var kind string
	var c foundColumn
	rows, err := q.Query(ctx, columnsQuery, t.schema, name)
	if err != nil {
		return nil, err
	}
	_, err = pgx.ForEachRow(rows, []any{&kind, &c.name, &c.typ, &c.cast, &c.needed}, func() error {
		if f == nil {
			f = &found{kind: kind}
		}
		if c.name != "" {
			f.columns = append(f.columns, c)
		}
		return nil
	})
	if err != nil || f == nil {
		return nil, err
	}
	var primary, usable bool
	var columns []string
	if rows, err = q.Query(ctx, indexesQuery, t.schema, name); err != nil {
		return nil, err
	}
	_, err = pgx.ForEachRow(rows, []any{&primary, &usable, &columns}, func() error {
		if primary {
			f.primary = columns
		}
		if usable {
			f.unique = append(f.unique, columns)
		}
		columns = nil
		return nil
	})
	return f, err
}

// column returns the column of a name: the same, or the only one that differs in case, as MySQL does not mind.
func (f *found) column(name string) *foundColumn {
	var near *foundColumn
	for i := range f.columns {
		c := &f.columns[i]
		switch {
		case c.name == name:
			return c
		case strings.EqualFold(c.name, name) && near != nil:
			return nil
		case strings.EqualFold(c.name, name):
			near = c
		}
	}
	return near
}

// missing returns the columns that are not there.
func (f *found) missing(columns []replication.Column) (out []int) {
	for i := range columns {
		if f.column(columns[i].Name) == nil {
			out = append(out, i)
		}
	}
	return out
}

// unfilled returns the columns which have to have a value that the destination does not bring.
func (f *found) unfilled(columns []replication.Column) (out []string) {
	for i := range f.columns {
		c := &f.columns[i]
		brought := slices.ContainsFunc(columns, func(b replication.Column) bool { return f.column(b.Name) == c })
		if c.needed && !brought {
			out = append(out, c.name)
		}
	}
	return out
}

// checkKey wants an index that ON CONFLICT can name for the key. A destination without a key, and the mode append, need none.
//
// Errors: what the table has instead, and what to do.
func (t *target) checkKey(d *replication.Destination, f *found) error {
	if f.kind != "r" && f.kind != "p" {
		return fmt.Errorf("%s.%s is not a table (pg_class.relkind %s): name another with INTO", t.schema, d.Name, f.kind)
	}
	if t.mode == modeAppend || len(d.Key) == 0 {
		return nil
	}
	key := make([]string, len(d.Key))
	for i, k := range d.Key {
		key[i] = d.Columns[k].Name
		if c := f.column(key[i]); c != nil {
			key[i] = c.name
		}
	}
	slices.Sort(key)
	for _, u := range f.unique {
		if slices.Equal(slices.Sorted(slices.Values(u)), key) {
			return nil
		}
	}
	has := "no primary key"
	if f.primary != nil {
		has = "its primary key on (" + strings.Join(f.primary, ", ") + ")"
	}
	return fmt.Errorf("table %s.%s has %s and no unique index on (%s), by which the rows of %s are known: CREATE UNIQUE INDEX ON %s (%s), name another table with INTO, or set mode = 'append'",
		t.schema, d.Name, has, strings.Join(key, ", "), d.Source, quote(t.schema, d.Name), strings.Join(named(d.Columns, d.Key), ", "))
}

// table is a destination's table, with the statements that write to it.
type table struct {
	dest    *replication.Destination
	columns []replication.Column
	write   string // takes a text[] for each column
	remove  string // takes a text[] for each column of the key; "" where rows are not removed
	clear   string // empties it
	copy    string // COPY of all columns
	keyed   bool   // a statement may touch a row once only
	copies  bool   // COPY has not failed yet
}

// statements makes what writes to a table.
func (t *target) statements(d *replication.Destination, f *found) *table {
	columns := t.columns(d)
	name := quote(t.schema, d.Name)
	names, aliases, casts, params := make([]string, len(columns)), make([]string, len(columns)), make([]string, len(columns)), make([]string, len(columns))
	for i := range columns {
		c := f.column(columns[i].Name)
		names[i], aliases[i] = quote(c.name), fmt.Sprint("c", i)
		casts[i] = aliases[i] + "::" + c.cast
		params[i] = fmt.Sprintf("$%d::text[]", i+1)
	}
	tab := &table{dest: d, columns: columns, keyed: t.mode != modeAppend && len(d.Key) > 0, copies: true, clear: "DELETE FROM " + name}
	list := strings.Join(names, ", ")
	tab.copy = fmt.Sprintf("COPY %s (%s) FROM STDIN", name, list)
	tab.write = fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM unnest(%s) AS u(%s)", name, list, strings.Join(casts, ", "),
		strings.Join(params, ", "), strings.Join(aliases, ", "))
	if t.mode == modeSoft {
		deleted := names[len(names)-1]
		tab.clear = fmt.Sprintf("UPDATE %s SET %s = now() WHERE %[2]s IS NULL", name, deleted)
	}
	if !tab.keyed {
		return tab
	}
	var keys, sets, same, keyParams, keyAliases []string
	for i := range columns {
		if k := slices.Index(d.Key, i); k < 0 {
			sets = append(sets, names[i]+" = excluded."+names[i])
		}
	}
	for k, i := range d.Key {
		keys = append(keys, names[i])
		same = append(same, "t."+names[i]+" = u."+casts[i])
		keyParams = append(keyParams, fmt.Sprintf("$%d::text[]", k+1))
		keyAliases = append(keyAliases, aliases[i])
	}
	action := "NOTHING"
	if sets != nil {
		action = "UPDATE SET " + strings.Join(sets, ", ")
	}
	tab.write += fmt.Sprintf(" ON CONFLICT (%s) DO %s", strings.Join(keys, ", "), action)
	if t.mode == modeUpsert {
		tab.remove = fmt.Sprintf("DELETE FROM %s AS t USING unnest(%s) AS u(%s) WHERE %s", name, strings.Join(keyParams, ", "),
			strings.Join(keyAliases, ", "), strings.Join(same, " AND "))
	}
	return tab
}
