package sqlengine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
)

// TestShowCreateTableRoundTrip makes tables of random columns, keys, checks, foreign keys and partitions, drops them, runs what SHOW
// CREATE TABLE said of them, and expects it to say the same again.
func TestShowCreateTableRoundTrip(t *testing.T) {
	t.Parallel()
	seeds := uint64(100)
	if testing.Short() {
		seeds = 15
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		g := &schemaGen{r: rand.New(rand.NewPCG(seed, 11))}
		s := openMem(t).NewSession()
		parent, child := g.parent(), g.child()
		for _, sql := range []string{parent, child} {
			if err := runAll(s, sql); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, sql, err)
			}
		}
		before := map[string]string{"p": shown(t, s, "p"), "c": shown(t, s, "c")}
		if err := runAll(s, "DROP TABLE c, p"); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, name := range []string{"p", "c"} {
			if err := runAll(s, before[name]); err != nil {
				t.Fatalf("seed %d: what SHOW CREATE TABLE says does not run: %v\n%s", seed, err, before[name])
			}
			if again := shown(t, s, name); again != before[name] {
				t.Errorf("seed %d: SHOW CREATE TABLE says\n%s\nand of what that makes\n%s", seed, before[name], again)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// shown returns what SHOW CREATE TABLE says.
func shown(t *testing.T, s *sqlengine.Session, table string) string {
	t.Helper()
	r, err := s.Exec(context.Background(), "SHOW CREATE TABLE "+table, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	text := b.Cols[1].Value(b.Row(0)).Text()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return text
}

// schemaGen makes random CREATE TABLE statements.
type schemaGen struct {
	r    *rand.Rand
	keys int
	cols []string // that may be part of a key
	num  string   // an expression of a functional key part
}

func (g *schemaGen) n(n int) int               { return g.r.IntN(n) }
func (g *schemaGen) yes(percent int) bool      { return g.n(100) < percent }
func (g *schemaGen) one(list ...string) string { return list[g.n(len(list))] }
func (g *schemaGen) some(s string, p int) string {
	if g.yes(p) {
		return s
	}
	return ""
}

// schemaType is a type with values of it, as DEFAULT takes them.
type schemaType struct {
	sql      string
	defaults []string
	text     bool // takes a collation
	long     bool // no constant default, no key without a length
}

var schemaTypes = []schemaType{
	{sql: "TINYINT", defaults: []string{"1", "'-3'", "TRUE"}}, {sql: "BOOL", defaults: []string{"FALSE"}},
	{sql: "SMALLINT UNSIGNED", defaults: []string{"65535"}}, {sql: "MEDIUMINT", defaults: []string{"-5"}},
	{sql: "INT", defaults: []string{"0", "(1 + 2)", "NULL"}}, {sql: "INT(5) ZEROFILL", defaults: []string{"7"}},
	{sql: "BIGINT UNSIGNED", defaults: []string{"18446744073709551615"}}, {sql: "DECIMAL", defaults: []string{"3"}},
	{sql: "DECIMAL(12,4)", defaults: []string{"1.5", "-0.00014"}}, {sql: "DECIMAL(30,0) UNSIGNED", defaults: []string{"1e3"}},
	{sql: "FLOAT", defaults: []string{"1.25"}}, {sql: "DOUBLE", defaults: []string{"-1e100", "0.1"}}, {sql: "DOUBLE(10,2)", defaults: []string{"1"}},
	{sql: "CHAR(5)", defaults: []string{"'a'", "''"}, text: true}, {sql: "CHAR", defaults: []string{"'x'"}, text: true},
	{sql: "VARCHAR(40)", defaults: []string{"'it''s'", `'a\\b'`, `'\n'`, "('x')", "NULL", "'%_'", "'\"`'"}, text: true},
	{sql: "TINYTEXT", text: true, long: true}, {sql: "TEXT", text: true, long: true}, {sql: "MEDIUMTEXT", text: true, long: true},
	{sql: "LONGTEXT", defaults: []string{"('long')"}, text: true, long: true},
	{sql: "BINARY(4)", defaults: []string{"'ab'", "x'00ff'"}}, {sql: "VARBINARY(20)", defaults: []string{"x'00'", "'q'"}},
	{sql: "TINYBLOB", long: true}, {sql: "BLOB", long: true}, {sql: "MEDIUMBLOB", long: true}, {sql: "LONGBLOB", long: true},
	{sql: "DATE", defaults: []string{"'2024-02-29'", "(CURDATE())"}}, {sql: "TIME", defaults: []string{"'-12:30:00'"}},
	{sql: "TIME(3)", defaults: []string{"'01:02:03.456'"}}, {sql: "DATETIME", defaults: []string{"CURRENT_TIMESTAMP", "'2024-01-01 00:00:00'"}},
	{sql: "DATETIME(6)", defaults: []string{"NOW(6)", "CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"}},
	{sql: "TIMESTAMP", defaults: []string{"CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP", "'2024-01-01'"}}, {sql: "YEAR", defaults: []string{"2024", "'99'"}},
	{sql: "JSON", defaults: []string{"(JSON_ARRAY(1))"}, long: true}, {sql: "ENUM('a','b''c','d,e')", defaults: []string{"'d,e'"}, text: true},
	{sql: "SET('x','y','z')", defaults: []string{"'x,z'", "''"}, text: true}, {sql: "BIT(9)", defaults: []string{"b'101'", "5"}},
	{sql: "BIT", defaults: []string{"1"}}, {sql: "UUID", defaults: []string{"(UUID())"}},
}

// column writes a column, and notes it as one for keys.
func (g *schemaGen) column(name string) string {
	t := schemaTypes[g.n(len(schemaTypes))]
	s := quote(name) + " " + t.sql
	if t.text && g.yes(30) {
		s += " COLLATE " + g.one("utf8mb4_bin", "utf8mb4_0900_ai_ci", "utf8mb4_general_ci", "latin1_swedish_ci")
	}
	notNull := g.yes(40)
	if notNull {
		s += " NOT NULL"
	} else {
		s += g.some(" NULL", 20)
	}
	if len(t.defaults) > 0 && g.yes(60) {
		if d := g.one(t.defaults...); d != "NULL" || !notNull {
			s += " DEFAULT " + d
		}
	}
	s += g.some(" COMMENT 'what''s \\\\ this'", 15) + g.some(" INVISIBLE", 8)
	switch {
	case t.sql == "JSON":
	case t.long:
		g.cols = append(g.cols, quote(name)+fmt.Sprintf("(%d)", 3+g.n(20)))
	case strings.HasPrefix(t.sql, "VARCHAR") && g.yes(40):
		g.cols = append(g.cols, quote(name)+"(7)")
	default:
		g.cols = append(g.cols, quote(name))
	}
	return s
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// key writes a secondary key over some columns.
func (g *schemaGen) key() string {
	g.keys++
	perm := g.r.Perm(len(g.cols))
	var parts []string
	for _, i := range perm[:1+g.n(min(3, len(perm)))] {
		parts = append(parts, g.cols[i]+g.some(" DESC", 20))
	}
	if g.yes(15) {
		parts = append(parts, "(("+g.num+" + "+fmt.Sprint(g.keys)+"))")
	}
	name := g.some(quote(g.one("k", "key `x`", "größe")+fmt.Sprint(g.keys))+" ", 70)
	return g.one("KEY ", "UNIQUE KEY ", "INDEX ", "UNIQUE ") + name + "(" + strings.Join(parts, ", ") + ")" +
		g.some(" USING BTREE", 15) + g.some(" COMMENT 'k'", 15) + g.some(" INVISIBLE", 15)
}

func (g *schemaGen) options() string {
	return g.some(" ENGINE=InnoDB", 50) + g.some(" DEFAULT CHARSET=utf8mb4", 30) + g.some(" COLLATE="+g.one("utf8mb4_bin", "utf8mb4_0900_ai_ci"), 40) +
		g.some(" COMMENT='t''s'", 20) + g.some(" ROW_FORMAT=DYNAMIC", 15)
}

// parent writes table p, whose columns id and code others reference.
func (g *schemaGen) parent() string {
	defs := []string{"id INT NOT NULL" + g.some(" AUTO_INCREMENT", 50), "code VARCHAR(20) COLLATE utf8mb4_bin NOT NULL", "PRIMARY KEY (id)", "UNIQUE KEY (code)"}
	g.cols, g.num = []string{"code"}, "CHAR_LENGTH(code)"
	for i := range 1 + g.n(6) {
		defs = append(defs, g.column(fmt.Sprintf("c%d", i)))
	}
	for range g.n(3) {
		defs = append(defs, g.key())
	}
	return "CREATE TABLE p (" + strings.Join(defs, ", ") + ")" + g.options()
}

// child writes table c: generated columns, checks, and foreign keys to p and to itself.
func (g *schemaGen) child() string {
	defs := []string{"id BIGINT", "pid INT", "pcode VARCHAR(20) COLLATE utf8mb4_bin", "self BIGINT"}
	g.cols, g.keys, g.num = []string{"id", "pid", "`self`"}, 0, "id"
	defs = append(defs, g.column("odd `name`"), g.column("select"))
	if g.yes(60) {
		defs = append(defs, "g1 INT "+g.some("GENERATED ALWAYS ", 50)+"AS (`id` + 1) "+g.one("VIRTUAL", "STORED", "STORED NOT NULL"))
		g.cols = append(g.cols, "g1")
	}
	if g.yes(40) {
		defs = append(defs, "g2 VARCHAR(30) AS (CONCAT(COALESCE(pcode, 'it''s'), '-', id)) "+g.one("VIRTUAL", "STORED")+g.some(" COMMENT 'g'", 30))
		g.cols = append(g.cols, "g2")
	}
	defs = append(defs, g.one("PRIMARY KEY (id)", "PRIMARY KEY (id DESC)", "PRIMARY KEY (id, pid)", "UNIQUE KEY (id)"))
	if g.yes(60) {
		defs = append(defs, g.some("CONSTRAINT positive ", 50)+"CHECK (id > 0 AND pcode <> 'it''s')"+g.some(" NOT ENFORCED", 30))
	}
	if g.yes(40) {
		defs = append(defs, "CHECK (self IS NULL OR `odd ``name``` IS NULL)")
	}
	for range g.n(3) {
		defs = append(defs, g.key())
	}
	if g.yes(60) {
		defs = append(defs, g.some("CONSTRAINT `to p` ", 60)+"FOREIGN KEY "+g.some("fk_ix ", 30)+"(pid) REFERENCES p (id)"+
			g.action("UPDATE", "CASCADE")+g.action("DELETE", "CASCADE"))
	}
	if g.yes(40) {
		defs = append(defs, "FOREIGN KEY (pcode) REFERENCES p (code)"+g.some(" ON DELETE RESTRICT", 30))
	}
	if g.yes(30) {
		defs = append(defs, "FOREIGN KEY (self) REFERENCES c (id)"+g.action("DELETE", "SET NULL"))
	}
	return "CREATE TABLE c (" + strings.Join(defs, ", ") + ")" + g.options()
}

// action is an ON clause of a foreign key.
func (g *schemaGen) action(event, change string) string {
	return g.some(" ON "+event+" "+g.one("RESTRICT", "NO ACTION", change), 60)
}
