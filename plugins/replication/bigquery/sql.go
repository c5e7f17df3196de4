package bigquery

import (
	"fmt"
	"slices"
	"strings"
)

// mergeSQL is the statement that merges the changes in its parameter, a JSON array of arrays: '1' where the row is to go, and the values of
// the columns as texts. Texts are exact in every type, and one statement serves any number of changes.
func (t *target) mergeSQL(f *fit) string {
	var read, on, set, names, values []string
	d := f.destination
	for i := range d.Columns {
		name, value := "`"+f.names[i]+"`", fmt.Sprintf("S.c%d", i)
		read = append(read, fmt.Sprintf("%s AS c%d", decodeSQL(f.types[i], fmt.Sprintf("JSON_VALUE(r, '$[%d]')", i+1)), i))
		names, values = append(names, name), append(values, value)
		if slices.Contains(d.Key, i) {
			on = append(on, "T."+name+" = "+value)
		} else {
			set = append(set, name+" = "+value)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "MERGE %s T\nUSING (SELECT JSON_VALUE(r, '$[0]') IS NOT NULL AS gone, %s FROM UNNEST(JSON_QUERY_ARRAY(@changes)) AS r) S\nON %s\n",
		t.quote(f.table), strings.Join(read, ", "), strings.Join(on, " AND "))
	b.WriteString("WHEN MATCHED AND S.gone THEN DELETE\n")
	if set != nil {
		fmt.Fprintf(&b, "WHEN MATCHED THEN UPDATE SET %s\n", strings.Join(set, ", "))
	}
	fmt.Fprintf(&b, "WHEN NOT MATCHED AND NOT S.gone THEN INSERT (%s) VALUES (%s)", strings.Join(names, ", "), strings.Join(values, ", "))
	return b.String()
}
