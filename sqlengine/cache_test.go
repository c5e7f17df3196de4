package sqlengine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestPlanFollowsTheTables runs one text while what it names changes: its plan must not outlive the table it was made for,
// nor the size that it was chosen by.
func TestPlanFollowsTheTables(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	const query = "SELECT big.id FROM small JOIN big ON big.id = small.id ORDER BY big.id"
	explain := func() string { return answer(s, "EXPLAIN "+query) }
	run := func(sql string) {
		t.Helper()
		if out := answer(s, sql); strings.Contains(out, "ERROR") {
			t.Fatal(out)
		}
	}
	run("CREATE TABLE small (id INT PRIMARY KEY)")
	run("CREATE TABLE big (id INT PRIMARY KEY)")
	run("INSERT INTO small VALUES (1), (2)")
	if got := answer(s, query); got != "id\n" {
		t.Fatal(got)
	}
	var rows []string
	for i := range 5000 {
		rows = append(rows, fmt.Sprintf("(%d)", i))
	}
	run("INSERT INTO big VALUES " + strings.Join(rows, ","))
	if got := answer(s, query); got != "id\n1\n2\n" {
		t.Fatal(got)
	}
	if got := explain(); !strings.Contains(got, "Lookup inner join") {
		t.Errorf("two rows against 5,000 are not looked up by key:\n%s", got)
	}
	run("DROP TABLE big")
	run("CREATE TABLE big (x INT, id VARCHAR(5))")
	run("INSERT INTO big VALUES (7, '2')")
	if got := answer(s, query); got != "id\n2\n" {
		t.Error(got)
	}
	if _, err := s.Exec(context.Background(), "SELECT nothing FROM big", nil); err == nil {
		t.Error("no error")
	}
}
