package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// partitionModel changes partitions of table t, and exchanges them with table x, and does by hand what that means to mt and mx,
// which have none.
type partitionModel struct {
	t     *testing.T
	r     *rand.Rand
	store *mem.Store
	e     *sqlengine.Engine
	s     *sqlengine.Session
	n     int // names given out
	log   []string
}

func (m *partitionModel) open() {
	if m.e != nil {
		if err := m.e.Close(context.Background()); err != nil {
			m.t.Fatal(err)
		}
	}
	var err error
	if m.e, err = sqlengine.Open(context.Background(), sqlengine.Config{Store: m.store, Database: "app", Create: true}); err != nil {
		m.t.Fatal(err)
	}
	m.s = m.e.NewSession()
}

// run reports whether a statement has worked.
func (m *partitionModel) run(sql string) bool {
	m.log = append(m.log, sql)
	out := answer(m.s, sql)
	if strings.Contains(out, "error without a number") || strings.Contains(out, "ERROR 1105") || strings.Contains(out, "ERROR 1213") {
		m.t.Fatalf("%s\n%s", strings.Join(m.log, ";\n"), out)
	}
	return !strings.Contains(out, "ERROR")
}

func (m *partitionModel) name() string {
	m.n++
	return fmt.Sprintf("q%d", m.n)
}

// part picks a partition: its name and description; "" if the table has none.
func (m *partitionModel) part() (name, method, description string) {
	out := mustRun(m.t, m.s, "SELECT PARTITION_NAME, PARTITION_METHOD, PARTITION_DESCRIPTION FROM information_schema.PARTITIONS WHERE TABLE_NAME = 't' AND PARTITION_NAME IS NOT NULL ORDER BY PARTITION_ORDINAL_POSITION")
	lines := strings.Split(strings.TrimSpace(out), "\n")[1:]
	if len(lines) == 0 {
		return "", "", ""
	}
	f := strings.Split(lines[m.r.IntN(len(lines))], " | ")
	return f[0], f[1], f[2]
}

func (m *partitionModel) step() {
	name, method, description := m.part()
	switch m.r.IntN(12) {
	case 0, 1, 2:
		id, a := m.r.IntN(100), m.r.IntN(6)
		row := fmt.Sprintf(" VALUES (%d, %d, 'v%d', %d)", id, a, m.r.IntN(9), m.r.IntN(9))
		if m.run("INSERT INTO t" + row) {
			m.run("INSERT INTO mt" + row)
		}
		if m.r.IntN(3) == 0 && m.run("INSERT INTO x"+row) {
			m.run("INSERT INTO mx" + row)
		}
	case 3:
		change := []string{"HASH (id) PARTITIONS 3", "KEY (id, a) PARTITIONS 4", "LINEAR HASH (a) PARTITIONS 3", "LIST (a) (PARTITION l0 VALUES IN (0, 1), PARTITION l1 VALUES IN (2, 3), PARTITION l2 VALUES IN (4, 5))",
			"RANGE (id) (PARTITION r0 VALUES LESS THAN (30), PARTITION r1 VALUES LESS THAN (60), PARTITION r2 VALUES LESS THAN MAXVALUE)"}[m.r.IntN(5)]
		m.run("ALTER TABLE t PARTITION BY " + change)
	case 4:
		m.run(fmt.Sprintf("ALTER TABLE t ADD PARTITION PARTITIONS %d", 1+m.r.IntN(3)))
		m.run(fmt.Sprintf("ALTER TABLE t ADD PARTITION (PARTITION %s VALUES LESS THAN (%d))", m.name(), 50+m.r.IntN(100)))
	case 5:
		m.run(fmt.Sprintf("ALTER TABLE t COALESCE PARTITION %d", 1+m.r.IntN(3)))
	case 6:
		m.gone(name, []string{"DROP", "TRUNCATE"}[m.r.IntN(2)])
	case 7:
		bound := description
		if method == "RANGE" && bound != "MAXVALUE" {
			bound = "(" + bound + ")"
		}
		if method == "RANGE" {
			m.run(fmt.Sprintf("ALTER TABLE t REORGANIZE PARTITION %s INTO (PARTITION %s VALUES LESS THAN (%d), PARTITION %s VALUES LESS THAN %s)", name, m.name(), m.r.IntN(100), m.name(), bound))
		} else if method == "LIST" {
			m.run(fmt.Sprintf("ALTER TABLE t REORGANIZE PARTITION %s INTO (PARTITION %s VALUES IN (%s))", name, m.name(), description))
		}
	case 8:
		m.exchange(name)
	case 9:
		m.run("ALTER TABLE t " + []string{"FORCE", "ADD KEY extra (b)", "DROP KEY extra", "MODIFY b BIGINT", "MODIFY b INT", "REMOVE PARTITIONING"}[m.r.IntN(6)])
	case 10:
		m.run("BEGIN")
		if name != "" {
			m.run("ALTER TABLE t TRUNCATE PARTITION " + name)
			m.run("ALTER TABLE t EXCHANGE PARTITION " + name + " WITH TABLE x")
		}
		m.run("INSERT INTO t VALUES (200, 1, 'gone', 0)")
		m.run("ALTER TABLE t REMOVE PARTITIONING")
		m.run("ROLLBACK")
	case 11:
		m.open()
	}
}

// gone drops or truncates a partition.
func (m *partitionModel) gone(name, verb string) {
	if name == "" {
		return
	}
	mustRun(m.t, m.s, "BEGIN")
	m.run("DELETE FROM mt WHERE (id, a) IN (SELECT id, a FROM t PARTITION (" + name + "))")
	end := "ROLLBACK"
	if m.run("ALTER TABLE t " + verb + " PARTITION " + name) {
		end = "COMMIT"
	}
	m.run(end)
}

// exchange swaps a partition with x.
func (m *partitionModel) exchange(name string) {
	if name == "" {
		return
	}
	mustRun(m.t, m.s, "BEGIN")
	m.run("CREATE TABLE keep AS SELECT * FROM t PARTITION (" + name + ")")
	if m.run("ALTER TABLE t EXCHANGE PARTITION " + name + " WITH TABLE x") {
		m.run("DELETE FROM mt WHERE (id, a) IN (SELECT id, a FROM keep)")
		m.run("INSERT INTO mt SELECT * FROM mx")
		m.run("DELETE FROM mx")
		m.run("INSERT INTO mx SELECT * FROM keep")
		m.run("DROP TABLE keep")
		m.run("COMMIT")
		return
	}
	m.run("ROLLBACK")
}

func (m *partitionModel) compare() {
	for _, name := range []string{"t", "x"} {
		got, want := answer(m.s, "SELECT * FROM "+name+" ORDER BY id, a"), answer(m.s, "SELECT * FROM m"+name+" ORDER BY id, a")
		if got != want {
			m.t.Fatalf("%s\n%s has\n%swant\n%s", strings.Join(m.log, ";\n"), name, got, want)
		}
		got, want = answer(m.s, "SELECT id FROM "+name+" WHERE v = 'v3' ORDER BY id, a"), answer(m.s, "SELECT id FROM m"+name+" WHERE v = 'v3' ORDER BY id, a")
		if got != want {
			m.t.Fatalf("%s\n%s by its index has\n%swant\n%s", strings.Join(m.log, ";\n"), name, got, want)
		}
	}
	if out := answer(m.s, "CHECK TABLE t, x"); strings.Count(out, "status | OK") != 2 {
		m.t.Fatalf("%s\n%s", strings.Join(m.log, ";\n"), out)
	}
}

// TestPartitionModel runs random changes of partitions.
func TestPartitionModel(t *testing.T) {
	t.Parallel()
	seeds := 12
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		m := &partitionModel{t: t, r: rand.New(rand.NewPCG(uint64(seed), 3)), store: mem.New()}
		m.open()
		for _, name := range []string{"t", "x", "mt", "mx"} {
			mustRun(t, m.s, "CREATE TABLE "+name+" (id INT, a INT, v VARCHAR(10), b INT, PRIMARY KEY (id, a), KEY kv (v))")
		}
		for range 120 {
			m.step()
			m.compare()
		}
		m.open()
		m.compare()
		if err := m.e.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
