package infoschema

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// views returns the wanted views, in order of their names.
func (r *reader) views() ([]*catalog.View, error) {
	if !r.wants(r.schema, r.Database()) {
		return nil, nil
	}
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(cat.Views(), func(v *catalog.View) bool { return !r.wants(r.table, v.Name) })
	slices.SortFunc(all, func(a, b *catalog.View) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// viewTableRows are the rows of TABLES that are views.
func viewTableRows(r *reader) ([][]base.Value, error) {
	views, err := r.views()
	var out [][]base.Value
	for _, v := range views {
		row := make([]base.Value, 21)
		row[0], row[1], row[2], row[3] = str(catalogName), str(r.Database()), str(v.Name), num(tableView)
		row[14], row[20] = base.NewDateTime(v.CreatedMicros/1e6*1e6), str("VIEW")
		out = append(out, row)
	}
	return out, err
}

// viewRows are the rows of VIEWS.
func viewRows(r *reader) ([][]base.Value, error) {
	views, err := r.views()
	var out [][]base.Value
	for _, v := range views {
		check := map[string]int{"": 1, "LOCAL": 2, "CASCADED": 3}[v.CheckOption]
		updatable := 1
		if v.Updatable {
			updatable = 2
		}
		security := v.Security
		if security == "" {
			security = "DEFINER"
		}
		out = append(out, []base.Value{str(catalogName), str(r.Database()), str(v.Name), str(v.SQL), num(check), num(updatable), str(v.Definer),
			str(security), str("utf8mb4"), str(catalog.DefaultCollation)})
	}
	return out, err
}

// viewColumnRows are the rows of COLUMNS of a view; none of one that is no longer valid.
func viewColumnRows(r *reader, v *catalog.View) ([][]base.Value, error) {
	t, err := r.ViewColumns(v)
	if err != nil || t == nil {
		return nil, err
	}
	var out [][]base.Value
	for i := range t.Columns {
		out = append(out, columnRow(r.Database(), v.Name, i+1, &t.Columns[i], "", ""))
	}
	return out, nil
}
