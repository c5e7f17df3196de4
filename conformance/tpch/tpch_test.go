package tpch

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	_ "github.com/s3sql/s3sql/driver"
	_ "modernc.org/sqlite"
)

func open(tb testing.TB, driver, dsn string, g Generator) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	db.SetMaxOpenConns(1) // of SQLite, each connection to memory is a database of its own
	if err := Load(context.Background(), db, g); err != nil {
		tb.Fatal(err)
	}
	return db
}

// TestAnswers compares the answers to the 22 queries with SQLite's.
func TestAnswers(t *testing.T) {
	g := Generator{Scale: 0.01, Seed: 1}
	ours := open(t, "s3sql", "mem://tpch?consistency=bounded&max_staleness=1h", g)
	theirs := open(t, "sqlite", ":memory:", g)
	filled := 0
	for n := 1; n <= len(Queries); n++ {
		t.Run(fmt.Sprintf("Q%d", n), func(t *testing.T) {
			got, err := Run(context.Background(), ours, n)
			if err != nil {
				t.Fatal(err)
			}
			want, err := Run(context.Background(), theirs, n)
			if err != nil {
				t.Fatal(err)
			}
			if diff := Compare(got, want); diff != "" {
				t.Error("s3sql and SQLite differ:", diff)
			}
			if len(want.Rows) > 0 && want.Rows[0][0] != "NULL" {
				filled++
			}
		})
	}
	// Some are empty so far below the smallest scale factor of the specification, but not many.
	if filled < 18 {
		t.Errorf("only %d of the queries found rows", filled)
	}
}

func TestGeneratorRepeats(t *testing.T) {
	g := Generator{Scale: 0.001, Seed: 7}
	for _, table := range Tables {
		a, b := fmt.Sprint(first(g, table.Name, 50)), fmt.Sprint(first(g, table.Name, 50))
		if a != b {
			t.Errorf("%s: the same seed gives other rows", table.Name)
		}
		if c := fmt.Sprint(first(Generator{Scale: 0.001, Seed: 8}, table.Name, 50)); a == c {
			t.Errorf("%s: another seed gives the same rows", table.Name)
		}
	}
}

func first(g Generator, table string, n int) (out []Row) {
	for row := range g.Rows(table) {
		if len(out) == n {
			break
		}
		out = append(out, row)
	}
	return out
}

// TestCardinalities checks clause 4.2.5: the rows of each table.
func TestCardinalities(t *testing.T) {
	g := Generator{Scale: 0.01, Seed: 1}
	want := map[string]int{"region": 5, "nation": 25, "supplier": 100, "part": 2000, "partsupp": 8000, "customer": 1500, "orders": 15_000}
	for table, n := range want {
		got := 0
		for range g.Rows(table) {
			got++
		}
		if got != n {
			t.Errorf("%s: %d rows, want %d", table, got, n)
		}
	}
	lines := 0
	for range g.Rows("lineitem") {
		lines++
	}
	if lines < 59_000 || lines > 61_000 {
		t.Errorf("lineitem: %d rows, want about 60,000", lines)
	}
}
