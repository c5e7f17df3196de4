package infoschema

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// List returns some columns of a table of information_schema under other names, as SHOW does: each of columns is a name there,
// "=" and the name to show. schema and name, if not "", narrow the rows as RowsOf does.
//
// Errors: those of src.
func List(src Source, table *plan.VirtualTable, schema, name string, columns ...string) ([]plan.Column, [][]base.Value, error) {
	d := table.Source.(*definition)
	r := &reader{Source: src, names: collation.Lookup(nameCollation)}
	if schema != "" {
		r.schema = str(schema)
	}
	if name != "" {
		r.table = str(name)
	}
	all, err := d.rows(r)
	if err != nil {
		return nil, nil, err
	}
	cols, at := make([]plan.Column, len(columns)), make([]int, len(columns))
	for i, pair := range columns {
		from, to, _ := strings.Cut(pair, "=")
		for k, c := range d.columns {
			if c.Name == from {
				at[i], cols[i] = k, c
			}
		}
		cols[i].Name, cols[i].OrgName = to, from
	}
	for i, row := range all {
		out := make([]base.Value, len(at))
		for k, from := range at {
			out[k] = row[from]
		}
		all[i] = out
	}
	return cols, all, nil
}
