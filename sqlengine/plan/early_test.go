package plan

import "testing"

// TestEarlyFilters pins down which conditions may be asked of rows before all of their columns are read.
func TestEarlyFilters(t *testing.T) {
	t.Parallel()
	env := testEnv(t, intType)
	scanIn := func(n Node) (scan *Scan) {
		for scan == nil {
			if s, ok := n.(*Scan); ok {
				scan = s
			} else {
				n = n.Children()[0]
			}
		}
		return scan
	}
	for where, want := range map[string]int{
		"a > 3 AND c LIKE '%x%'":                 2,
		"a > 3 AND rand() < 0.5":                 1,
		"d = ?":                                  1,
		"d = @v":                                 0,
		"d = (@v := d)":                          0,
		"? = 3":                                  0,
		"d > 1 AND EXISTS (SELECT 1 FROM small)": 1,
		"d + (SELECT COUNT(*) FROM small) > 5":   0,
		"d > year(now())":                        1,
	} {
		p, err := planOf(t, env, "SELECT * FROM big IGNORE INDEX (by_d) WHERE "+where)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		got := 0
		if s := scanIn(p.Root); s.Early != nil {
			got = len(conjuncts(s.Early))
		}
		if got != want {
			t.Errorf("%s: %d conditions are early, want %d", where, got, want)
		}
	}
}
