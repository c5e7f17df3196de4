package bigquery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/plugins/replication"
)

func TestPrepareAddsColumns(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	b.make("users", "ID INTEGER REQUIRED", "extra STRING")
	tgt, d := open(t, b, "mode=mutable"), users()
	prepare(t, tgt, d)
	if got := b.columns("users"); got != "ID INTEGER, extra STRING, name STRING" {
		t.Error(got)
	}
	d.Columns = append(d.Columns, replication.Column{Name: "born", Kind: replication.Date, SQLType: "date"})
	prepare(t, tgt, d)
	if got := b.columns("users"); got != "ID INTEGER, extra STRING, name STRING, born DATE" || b.count("tables.patch") != 2 {
		t.Error(got)
	}
	apply(t, tgt, record(d, 1, replication.Insert, int64(1), "a", nil)) // names are those of the table
	equal(t, "rows", b.rows("users"), `{"ID":"1","name":"a"}`)
	prepare(t, tgt, d)
	if b.count("tables.patch") != 2 {
		t.Error("changed without need")
	}
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(b *double, d *replication.Destination)
		option string
		want   string
	}{
		{"no dataset", func(b *double, _ *replication.Destination) { b.location = "" }, "create_tables=off", "404 notFound: Not found: Dataset p:d"},
		{"no table", func(*double, *replication.Destination) {}, "create_tables=off", "404 notFound: Not found: Table p:d.users"},
		{"no column", func(b *double, _ *replication.Destination) { b.make("users", "id INTEGER") }, "create_tables=off", "lacks the column name"},
		{"elsewhere", func(b *double, _ *replication.Destination) { b.location = "EU" }, "location=US", "dataset d is in another location, EU, and not in US"},
		{"type", func(b *double, _ *replication.Destination) { b.make("users", "id STRING", "name INTEGER") }, "mode=mutable", "column name of table users is INT64, which does not take all values of varchar(40); it would have to be STRING"},
		{"array", func(b *double, _ *replication.Destination) { b.make("users", "id INTEGER REPEATED") }, "mode=mutable", "ARRAY<INT64>"},
		{"tracking", func(b *double, _ *replication.Destination) { b.make("users", "_operation INTEGER") }, "mode=append", "_operation of table users is INT64"},
		{"required", func(b *double, _ *replication.Destination) {
			b.make("users", "id INTEGER", "name STRING", "x STRING REQUIRED")
		}, "mode=mutable", "column x of table users is REQUIRED"},
		{"view", func(b *double, _ *replication.Destination) { b.make("users").Type = "VIEW" }, "mode=append", "but a VIEW"},
		{"twice", func(_ *double, d *replication.Destination) { d.Columns[1].Name = "ID" }, "mode=append", "two columns ID"},
		{"own name", func(_ *double, d *replication.Destination) { d.Columns[1].Name = "_Operation" }, "mode=append", "two columns _operation"},
		{"bad column", func(_ *double, d *replication.Destination) { d.Columns[1].Name = "a`b" }, "mode=append", "rename it with AS"},
		{"reserved", func(_ *double, d *replication.Destination) { d.Columns[1].Name = "_table_x" }, "mode=append", "BigQuery's own"},
		{"long", func(_ *double, d *replication.Destination) { d.Columns[1].Name = strings.Repeat("x", 301) }, "mode=append", "1 to 300"},
		{"bad table", func(_ *double, d *replication.Destination) { d.Name = "a$b" }, "mode=append", "rename it with INTO"},
	} {
		b := newDouble(t)
		tgt, d := open(t, b, tt.option), users()
		tt.change(b, d)
		err := tgt.Prepare(t.Context(), []*replication.Destination{d})
		if !replication.IsPermanent(err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		bad := 0
		for _, c := range tgt.Check(t.Context(), []*replication.Destination{d}) {
			if c.Err != nil {
				bad++
			}
		}
		if bad == 0 {
			t.Errorf("%s: Check finds nothing", tt.name)
		}
	}
}

// TestMadeMeanwhile: another process makes the dataset and the table between the look and the attempt.
func TestMadeMeanwhile(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	b.make("users", "id INT64", "name STRING")
	tgt, d := open(t, b, "mode=mutable"), users()
	b.fail(fault{call: "datasets.get", status: 404, reason: "notFound", message: "Not found: Dataset p:d"})
	b.fail(fault{call: "tables.get", status: 404, reason: "notFound", message: "Not found: Table p:d.users"})
	prepare(t, tgt, d)
	if b.count("datasets.insert") != 1 || b.count("tables.insert") != 1 {
		t.Errorf("%v", b.calls)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "log_table=audit", "mode=mutable"), users()
	check := func() (lines []string) {
		for _, c := range tgt.Check(t.Context(), []*replication.Destination{d}) {
			if c.Err != nil {
				c.Note = "ERROR " + c.Err.Error()
			}
			lines = append(lines, strings.TrimSpace(c.What+": "+c.Note))
		}
		return lines
	}
	b.location = ""
	equal(t, "no dataset", check(), "connection:", "dataset p.d: will be made in US", "table users: will be made", "table audit: will be made")
	b.location = "US"
	b.make("users", "id INTEGER")
	equal(t, "a column lacks", check(), "connection:", "dataset p.d:", "table users: lacks 1 columns, such as name, which will be added", "table audit: will be made")
	if b.count("tables.insert")+b.count("tables.patch")+b.count("datasets.insert") != 0 {
		t.Error("a check has changed something")
	}
	prepare(t, tgt, d)
	equal(t, "prepared", check(), "connection:", "dataset p.d:", "table users:", "table audit:")
	b.fail(fault{call: "tables.get", status: 403, reason: "accessDenied", message: "Access Denied: Table p:d.users"})
	if got := check(); !strings.Contains(got[2], "table users: ERROR BigQuery: look for table users: 403 accessDenied") {
		t.Errorf("%v", got)
	}
	b.fail(fault{call: "datasets.get", status: 401, reason: "authError", message: "Invalid Credentials"})
	if got := check(); len(got) != 1 || !strings.Contains(got[0], "connection: ERROR") {
		t.Errorf("%v", got)
	}
}

func TestMergeSQL(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	tgt, d := open(t, b, "mode=mutable"), users()
	d.Key = []int{0, 1}
	d.Columns = append(d.Columns, replication.Column{Name: "pic", Kind: replication.Bytes}, replication.Column{Name: "doc", Kind: replication.JSON},
		replication.Column{Name: "price", Kind: replication.Decimal, Precision: 10, Scale: 2})
	prepare(t, tgt, d)
	want := "MERGE `p.d.users` T\n" +
		"USING (SELECT JSON_VALUE(r, '$[0]') IS NOT NULL AS gone, CAST(JSON_VALUE(r, '$[1]') AS INT64) AS c0, JSON_VALUE(r, '$[2]') AS c1, " +
		"FROM_BASE64(JSON_VALUE(r, '$[3]')) AS c2, PARSE_JSON(JSON_VALUE(r, '$[4]'), wide_number_mode => 'round') AS c3, CAST(JSON_VALUE(r, '$[5]') AS NUMERIC) AS c4 " +
		"FROM UNNEST(JSON_QUERY_ARRAY(@changes)) AS r) S\n" +
		"ON T.`id` = S.c0 AND T.`name` = S.c1\n" +
		"WHEN MATCHED AND S.gone THEN DELETE\n" +
		"WHEN MATCHED THEN UPDATE SET `pic` = S.c2, `doc` = S.c3, `price` = S.c4\n" +
		"WHEN NOT MATCHED AND NOT S.gone THEN INSERT (`id`, `name`, `pic`, `doc`, `price`) VALUES (S.c0, S.c1, S.c2, S.c3, S.c4)"
	if got := tgt.mergeSQL(tgt.tables[d]); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	d.Columns = d.Columns[:2]
	prepare(t, tgt, d)
	if got := tgt.mergeSQL(tgt.tables[d]); strings.Contains(got, "UPDATE") {
		t.Errorf("nothing is to be updated: %s", got)
	}
	apply(t, tgt, record(d, 1, replication.Insert, int64(1), "a"), record(d, 2, replication.Insert, int64(1), "b"), record(d, 3, replication.Delete, int64(1), "a"))
	if got := fmt.Sprint(b.rows("users")); got != `[{"id":"1","name":"b"}]` {
		t.Error(got)
	}
}
