package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/plugins/replication"
)

const tableColumns = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 ORDER BY attnum"

func TestPrepare(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	target := s.prepared(nil, d) // makes the schema as well
	s.want(fmt.Sprintf(tableColumns, "users"), "id|integer\nname|character varying(10)")
	wider := destination("users", replication.Column{Name: "Größe", Kind: replication.Decimal, Precision: 5, Scale: 1, NotNull: true})
	apply(t, target, "", "1", insert(d, int64(1), "a"))
	for range 2 {
		if err := target.Prepare(t.Context(), []*replication.Destination{wider}); err != nil {
			t.Fatal(err)
		}
	}
	s.want(fmt.Sprintf(tableColumns, "users"), "id|integer\nname|character varying(10)\nGröße|numeric(5,1)")
	apply(t, target, "1", "2", insert(wider, int64(2), "b", "1.5"), insert(d, int64(3), "c"))
	s.want("SELECT * FROM users ORDER BY id", "1|a|NULL\n2|b|1.5\n3|c|NULL")
	for mode, want := range map[string]string{"soft_delete": "deleted_at|timestamp(6) with time zone",
		"append": "_operation|text\n_commit_seq|bigint\n_commit_time|timestamp(6) with time zone\n_record|text"} {
		other := destination("t_" + mode)
		s.prepared([]string{"mode=" + mode}, other)
		s.want(fmt.Sprintf(tableColumns, other.Name), "id|integer\nname|character varying(10)\n"+want)
	}
}

// TestPrepareAtOnce lets processes make the same tables at the same time.
func TestPrepareAtOnce(t *testing.T) {
	t.Parallel()
	s, d := newServer(t), users()
	const n = 4
	results := make(chan error, n)
	for range n {
		target := s.open("log_table=log")
		go func() { results <- target.Prepare(t.Context(), []*replication.Destination{d}) }()
	}
	for range n {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.exec("CREATE TABLE narrow (id int PRIMARY KEY)", "CREATE TABLE other (id int, name text PRIMARY KEY)", "CREATE VIEW seen AS SELECT 1 AS id, 'a' AS name",
		"CREATE TABLE part (id int, name text)", "CREATE UNIQUE INDEX ON part (id) WHERE name IS NOT NULL", "CREATE TABLE fits (no serial PRIMARY KEY, name text, id int UNIQUE)")
	for _, tt := range []struct {
		settings []string
		d        *replication.Destination
		want     string
	}{
		{[]string{"create_tables=off"}, users(), "there is no table"},
		{[]string{"create_tables=off"}, destination("narrow"), `has no column "name"`},
		{nil, destination("other"), "has its primary key on (name) and no unique index on (id)"},
		{nil, destination("part"), "has no primary key"},
		{nil, destination("seen"), "is not a table"},
		{nil, destination("s3sql_positions"), "keeps for itself"},
		{[]string{"log_table=log"}, destination("log"), "keeps for itself"},
		{nil, destination(strings.Repeat("x", 64)), "64 bytes"},
		{nil, destination("t", replication.Column{Name: strings.Repeat("x", 64)}), "64 bytes"},
		{[]string{"mode=soft_delete"}, destination("t", replication.Column{Name: "Deleted_At"}), "by AS"},
		{[]string{"mode=append"}, destination("t", replication.Column{Name: "_record"}), "by AS"},
		{nil, destination("fits"), ""},
		{[]string{"mode=append"}, destination("other"), ""},
	} {
		target := s.open(tt.settings...)
		err := target.Prepare(t.Context(), []*replication.Destination{tt.d})
		if tt.want == "" && err == nil {
			continue
		}
		if tt.want == "" || !replication.IsPermanent(err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %v: got %v, want %q", tt.d.Name, tt.settings, err, tt.want)
		}
		if checks := target.Check(t.Context(), []*replication.Destination{tt.d}); checks[len(checks)-1].Err == nil {
			t.Errorf("%s %v: the check finds nothing", tt.d.Name, tt.settings)
		}
	}
	s.want("SELECT count(*) FROM pg_class WHERE relname = 'users' AND relnamespace = '"+s.schema+"'::regnamespace", "0")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	show := func(target replication.Target, all ...*replication.Destination) string {
		var out []string
		for _, c := range target.Check(t.Context(), all) {
			out = append(out, fmt.Sprintf("%s: %s %v", c.What, c.Note, c.Err))
		}
		return strings.Join(out, "\n")
	}
	target := s.open("log_table=log")
	got := show(target, users())
	if !strings.HasPrefix(got, "connection: PostgreSQL ") {
		t.Error(got)
	}
	_, got, _ = strings.Cut(got, "\n")
	if want := "permissions: schema " + s.schema + " will be created <nil>\nlog table log: will be created <nil>\ntable users: will be created <nil>"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	s.want("SELECT count(*) FROM pg_namespace WHERE nspname = '"+s.schema+"'", "0")
	s.exec("CREATE TABLE strict (id int PRIMARY KEY, must int NOT NULL, may int NOT NULL DEFAULT 1)")
	if err := target.Prepare(t.Context(), []*replication.Destination{users()}); err != nil {
		t.Fatal(err)
	}
	wider := destination("users", replication.Column{Name: "more"})
	wider.Columns[1].Length = 20
	_, got, _ = strings.Cut(show(target, users(), wider, destination("strict")), "\n")
	want := "permissions: may use schema " + s.schema + " <nil>\nlog table log: is there <nil>\ntable users: is there <nil>\ntable users: is there; to be added: \"more\"; name is character varying(10), the source needs character varying(20) <nil>\n" +
		"table strict:  table " + s.schema + ".strict has columns that take no NULL and that the replication does not fill: give must a default, or drop its NOT NULL"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
