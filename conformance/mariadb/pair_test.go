package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/s3sql/s3sql/conformance/differ"
	"github.com/s3sql/s3sql/conformance/testenv"
)

// pair is an empty database on each of the engines.
type pair struct {
	t            testing.TB
	name         string
	ours, theirs *differ.Engine
	server       *sql.DB
	close        []func() error
}

var pairCount atomic.Int64

func newPair(t testing.TB) *pair {
	t.Helper()
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User = "tcp", testenv.MariaDB(t), "root"
	cfg.InterpolateParams = true
	cfg.Params = map[string]string{"sql_mode": "'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,TIME_ROUND_FRACTIONAL'",
		"time_zone": "'+00:00'", "collation_connection": "utf8mb4_nopad_bin"}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{t: t, server: sql.OpenDB(connector), name: fmt.Sprintf("diff_%x_%d", time.Now().UnixNano(), pairCount.Add(1))}
	conn, err := p.server.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.theirs = &differ.Engine{Name: "MariaDB", Conn: conn, Failure: theirFailure, Family: family}
	t.Cleanup(func() {
		drop := func() error {
			_, err := p.theirs.Conn.ExecContext(context.Background(), "DROP DATABASE IF EXISTS "+p.name)
			return err
		}
		for _, stop := range append(p.close, drop, conn.Close, p.server.Close) {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
	p.reset()
	return p
}

// reset empties both databases.
func (p *pair) reset() {
	p.t.Helper()
	ctx := context.Background()
	for _, stop := range p.close {
		if err := stop(); err != nil {
			p.t.Fatal(err)
		}
	}
	db, err := sql.Open("s3sql", "mem://?parse_time=false")
	if err != nil {
		p.t.Fatal(err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	p.close = []func() error{conn.Close, db.Close}
	p.ours = &differ.Engine{Name: "s3sql", Conn: conn, Failure: differ.Failure, Family: family}
	for _, what := range []string{"DROP DATABASE IF EXISTS", "CREATE DATABASE", "USE"} {
		name := p.name
		if what == "CREATE DATABASE" {
			name += " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
		}
		if _, err := p.theirs.Conn.ExecContext(ctx, what+" "+name); err != nil {
			p.t.Fatal(err)
		}
	}
}

func theirFailure(err error) (int, string) {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return int(e.Number), string(e.SQLState[:])
	}
	return 0, ""
}

// family maps type names to what both servers agree on: how wide an integer or a text is, they compute differently.
func family(name string) string {
	switch strings.TrimPrefix(name, "UNSIGNED ") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR":
		return "integer"
	case "FLOAT", "DOUBLE":
		return "real"
	case "CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM", "SET", "JSON": // MariaDB's JSON is a text
		return "text"
	case "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB":
		return "binary"
	case "TIMESTAMP", "DATETIME":
		return "datetime"
	}
	return strings.ToLower(name)
}

// ask puts a statement to both.
func (p *pair) ask(statement string, query bool) (ours, theirs *differ.Answer) {
	p.t.Helper()
	return differ.Both(p.t, p.ours, p.theirs, statement, query)
}
