package plan

import (
	"testing"

	"github.com/s3sql/s3sql/sqlengine/parse"
)

// TestPassing pins down which statements may write rows while they still look for others.
func TestPassing(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for sql, want := range map[string]bool{
		"DELETE FROM big":                                                               true,
		"DELETE FROM big WHERE c = 'x'":                                                 true,
		"DELETE FROM big WHERE a > 5 ORDER BY b LIMIT 10":                               true,
		"DELETE FROM big WHERE d IN (SELECT id FROM small)":                             false,
		"DELETE FROM big WHERE EXISTS (SELECT 1 FROM small WHERE small.id = big.a)":     false,
		"UPDATE big SET w = 'x'":                                                        true,
		"UPDATE big SET w = 'x' WHERE c > 'm'":                                          true,
		"UPDATE big SET d = d + 1":                                                      true, // the index is not what is read by
		"UPDATE big SET d = d + 1 WHERE d = 5":                                          false,
		"UPDATE big SET c = 'x' WHERE c = 'y'":                                          false,
		"UPDATE big SET b = b + 1":                                                      false,
		"UPDATE big SET w = (SELECT name FROM small LIMIT 1)":                           false,
		"UPDATE big SET w = 'x' WHERE (SELECT COUNT(*) FROM small s WHERE s.a = d) > 1": false,
	} {
		p, err := parse.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Mutate(env, p.Stmt)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := false
		switch s := m.Stmt.(type) {
		case *Update:
			got = s.Passing
		case *Delete:
			got = s.Passing
		}
		if got != want {
			t.Errorf("%s: in passing %v, want %v", sql, got, want)
		}
	}
}
