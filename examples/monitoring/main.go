// Command monitoring shows what a database tells about itself: a cache, costs, an audit, full text and metrics side by side, and what a
// single INSERT does in each. Give it a DSN; without one it runs in memory.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"text/tabwriter"

	_ "github.com/s3sql/s3sql/driver"
	"github.com/s3sql/s3sql/plugins/audit"
)

// setup is the whole stack. It is run once; every process that opens the database then has it.
var setup = []string{
	`CREATE TABLE IF NOT EXISTS products (
		id BIGINT AUTO_INCREMENT PRIMARY KEY,
		name VARCHAR(100) NOT NULL,
		description TEXT,
		price DECIMAL(10,2),
		FULLTEXT KEY words (name, description))`,
	`CREATE CACHE IF NOT EXISTS results ON products WITH (driver = 'memory', ttl = '10m')`,
	`CREATE AUDIT IF NOT EXISTS trail ON ALL TABLES FOR INSERT, UPDATE, DELETE, SELECT WITH (include_data = true)`,
	`CREATE METRICS IF NOT EXISTS figures WITH (flush_interval = '30s', slow_query_threshold = '500ms')`,
	`CREATE BUDGET IF NOT EXISTS monthly WITH (limit_usd = 10, period = 'month', action = 'warn')`,
	`CREATE ALERT IF NOT EXISTS failing ON METRIC error_rate > 0.05 WITH (window = '5m')`,
}

// figures are what each part says, as one query a part.
var figures = []struct{ part, query string }{
	{"cache", "SELECT CONCAT(hits, ' hits, ', misses, ' misses') FROM system.cache_stats"},
	{"search", "SELECT COUNT(*) FROM products WHERE MATCH (name, description) AGAINST ('amazing')"},
	{"audit", "SELECT COUNT(*) FROM system.audit_log WHERE operation = 'insert' AND user_id = 'ann'"},
	{"metrics", "SELECT COALESCE(SUM(inserts), 0) FROM system.table_usage WHERE table_name = 'products'"},
	{"costs", "SELECT COALESCE(SUM(requests), 0) FROM system.statement_costs WHERE sample LIKE 'INSERT INTO products%'"},
}

func main() {
	dsn := "mem://"
	if len(os.Args) > 1 {
		dsn = os.Args[1]
	}
	if err := run(context.Background(), dsn, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dsn string, w io.Writer) (err error) {
	db, err := sql.Open("s3sql", dsn)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := db.Close(); err == nil {
			err = cerr
		}
	}()
	for _, s := range setup {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	// A query twice: the second answer is the cache's.
	for range 2 {
		if err := show(ctx, db, w, "products", "SELECT COUNT(*) FROM products"); err != nil {
			return err
		}
	}
	before, err := collect(ctx, db)
	if err != nil {
		return err
	}
	// This one statement is audited, priced, timed and indexed, and what the cache has of the table is no longer of use.
	ann := audit.WithMetadata(audit.WithUser(ctx, "ann"), map[string]any{"request": "req-456"})
	if _, err := db.ExecContext(ann, "INSERT INTO products (name, description, price) VALUES (?, ?, ?)", "New Product",
		"Amazing new product with great features", 99.99); err != nil {
		return err
	}
	if err := show(ctx, db, w, "products", "SELECT COUNT(*) FROM products"); err != nil {
		return err
	}
	after, err := collect(ctx, db)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "part\tbefore the INSERT\tafter it")
	for i, f := range figures {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.part, before[i], after[i])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := show(ctx, db, w, "audited", "SELECT CONCAT(operation, ' of ', record_id, ' by ', user_id, ' ', metadata) FROM system.audit_log WHERE operation = 'insert' ORDER BY id DESC LIMIT 1"); err != nil {
		return err
	}
	return show(ctx, db, w, "chain", "SELECT IF(COUNT(*) = COUNT(hash), 'complete', 'broken') FROM system.audit_log")
}

// collect asks every part.
func collect(ctx context.Context, db *sql.DB) (out []string, err error) {
	for _, f := range figures {
		var text sql.NullString
		if err := db.QueryRowContext(ctx, f.query).Scan(&text); err != nil {
			return nil, fmt.Errorf("%s: %w", f.part, err)
		}
		out = append(out, text.String)
	}
	return out, nil
}

// show prints the answer to a query of one value.
func show(ctx context.Context, db *sql.DB, w io.Writer, what, query string) error {
	var text string
	if err := db.QueryRowContext(ctx, query).Scan(&text); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", what, text)
	return err
}
