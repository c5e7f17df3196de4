package sqlengine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/sqlengine/event"
)

// TestReplicationReferenceRules are the examples of conditional replication.
func TestReplicationReferenceRules(t *testing.T) {
	t.Parallel()
	testReference(t, referenceTables, []referenceCase{
		{"compliant_users", `TABLE users INTO compliant_users AS SELECT id, '2.0' AS compliance_version, UTC_TIMESTAMP() AS last_audit,
			IF(TIMESTAMPDIFF(DAY, created_at, UTC_TIMESTAMP()) > 7 * 365 * 0.8, 'pending_review', 'active') AS retention_category
			WHERE region IN ('US', 'EU', 'CA') AND NOT (COALESCE(TIMESTAMPDIFF(DAY, created_at, UTC_TIMESTAMP()), 0) > 7 * 365 AND COALESCE(status, '') = 'inactive')`,
			[]string{`INSERT INTO users (id, region, status, created_at) VALUES ('u1', 'EU', 'inactive', '2026-04-01'), ('u2', 'BR', 'active', '2026-04-01'), ('u3', 'US', 'inactive', '2010-01-01'),
				('u4', 'CA', NULL, '2010-01-01'), ('u5', NULL, 'active', NULL), ('u6', 'US', NULL, NULL)`},
			[]string{"insert compliant_users u1 [u1 2.0 2026-05-01 12:00:00 active]", "insert compliant_users u4 [u4 2.0 2026-05-01 12:00:00 pending_review]",
				"insert compliant_users u6 [u6 2.0 2026-05-01 12:00:00 active]"}},
		{"audit_orders", `TABLE orders INTO audit_orders AS SELECT id AS order_id, user_id AS customer_id, amount, currency, created_at AS order_date, 'high_value' AS compliance_flag,
			TRUE AS audit_required, 10 AS retention_years WHERE amount >= 10000`,
			[]string{"INSERT INTO orders (id, amount) VALUES ('o1', 9999.99), ('o2', 10000), ('o3', NULL)"},
			[]string{"insert audit_orders o2 [o2 <nil> 10000.00 <nil> <nil> high_value 1 10]"}},
		{"staging", `TABLE users AS SELECT id, REGEXP_REPLACE(email, '(.{2})(.*)(@.*)', '$1***$3') AS email, CONCAT('***-***-', COALESCE(RIGHT(phone, 4), '0000')) AS phone`,
			[]string{"INSERT INTO users (id, email, phone) VALUES ('u1', 'adaline@x.y', '555-123-4567'), ('u2', NULL, NULL)"},
			[]string{"insert users u1 [u1 ad***@x.y ***-***-4567]", "insert users u2 [u2 <nil> ***-***-0000]"}},
		{"only what matters", `TABLE users INTO critical_changes FOR UPDATE AS SELECT id, CHANGED_FIELDS() AS fields WHERE JSON_OVERLAPS(CHANGED_FIELDS(), '["email", "phone", "address"]')`,
			[]string{"INSERT INTO users (id, name) VALUES ('u1', 'Ada')", "UPDATE users SET name = 'B'", "UPDATE users SET email = 'b', name = 'C'"},
			[]string{`update critical_changes u1 [u1 ["name", "email"]] was [u1 ["name", "email"]]`}},
		{"a transform that provides for errors", "TABLE orders AS SELECT id, amount / NULLIF(JSON_LENGTH(items), 0) AS each_amount, IF(JSON_VALID(status), status, NULL) AS status",
			[]string{"INSERT INTO orders (id, amount, items, status) VALUES ('o1', 5, '[]', '{'), ('o2', 5, '[1, 2]', '1')"},
			[]string{"insert orders o1 [o1 <nil> <nil>]", "insert orders o2 [o2 2.500000 1]"}},
		{"drivers at once", `TABLE users INTO dim_users FOR INSERT, UPDATE, TABLE users INTO fact_user_activity FOR INSERT AS SELECT id, role,
			TABLE orders INTO daily_revenue FOR INSERT AS SELECT DATE(created_at) AS date, amount AS revenue, user_id AS customer_id, 1 AS order_count,
			TABLE products INTO dim_products FOR INSERT, UPDATE AS SELECT *, IF(price > 100, 'premium', 'standard') AS price_category, UTC_TIMESTAMP() AS last_updated,
			TABLE orders INTO order_updates FOR UPDATE AS SELECT id AS order_id, CHANGED_FIELDS() AS updated_fields, UTC_TIMESTAMP() AS update_timestamp`,
			[]string{"INSERT INTO products VALUES ('p1', 'Laptop Pro', 1299.99), ('p2', 'Coffee Mug', 12.99)", "INSERT INTO orders (id, user_id, amount, created_at) VALUES ('o1', 'u1', 5, '2026-05-01')",
				"UPDATE orders SET status = 'paid'", "DELETE FROM orders", "DELETE FROM products WHERE id = 'p2'"},
			[]string{"insert dim_products p1 [p1 Laptop Pro 1299.99 premium 2026-05-01 12:00:00]", "insert dim_products p2 [p2 Coffee Mug 12.99 standard 2026-05-01 12:00:00]",
				"insert daily_revenue o1 [2026-05-01 5.00 u1 1]",
				`update order_updates o1 [o1 ["status"] 2026-05-01 12:00:00] was [o1 ["status"] 2026-05-01 12:00:00]`}},
	})
}

// TestReplicationReferencePipeline has one database feed a backup, a staging database and a warehouse, each by a replication with options of its own.
func TestReplicationReferencePipeline(t *testing.T) {
	t.Parallel()
	s := openMem(t).NewSession()
	for _, ddl := range referenceTables {
		must(t, s, ddl)
	}
	to := map[string]*sink{}
	for name, rest := range map[string]string{
		"backup":    "(TABLE users FOR INSERT AS SELECT id, email, TABLE orders FOR INSERT AS SELECT id, amount, TABLE products)",
		"staging":   "WITH (batch_size = 25, max_retries = 5, retry_delay = '2s', timeout = '60s') (TABLE users FOR INSERT AS SELECT id, CONCAT(LEFT(email, 2), '***') AS email)",
		"warehouse": "WITH (log = false) (TABLE orders INTO fact_orders FOR INSERT AS SELECT id, amount, TABLE orders INTO daily_revenue FOR INSERT AS SELECT DATE(created_at) AS day, amount)",
	} {
		to[name] = newSink(t)
		sinks.Store(t.Name()+"/"+name, to[name])
		must(t, s, fmt.Sprintf("CREATE REPLICATION %s TO SINK '%s/%s' %s", name, t.Name(), name, rest))
	}
	must(t, s, "BEGIN")
	must(t, s, "INSERT INTO users (id, email) VALUES ('u1', 'alice@example.com')")
	must(t, s, "INSERT INTO orders (id, user_id, amount, created_at) VALUES ('o1', 'u1', 99.99, '2026-05-01 10:00:00')")
	must(t, s, "COMMIT")
	delivered(t, s, to["backup"], "backup", "insert users u1 [u1 alice@example.com]", "insert orders o1 [o1 99.99]")
	delivered(t, s, to["staging"], "staging", "insert users u1 [u1 al***]")
	delivered(t, s, to["warehouse"], "warehouse", "insert fact_orders o1 [o1 99.99]", "insert daily_revenue o1 [2026-05-01 00:00:00 +0000 UTC 99.99]")
	if got := asked(t, s, "SELECT replication, table_name, destination, operation, record_id, status, attempts FROM system.replication_log ORDER BY replication, table_name"); got !=
		"backup | orders | orders | insert | o1 | success | 1\nbackup | users | users | insert | u1 | success | 1\nstaging | users | users | insert | u1 | success | 1\n" {
		t.Error(got)
	}
}

// TestReplicationReferenceHealth is what the documentation's monitoring and its manager ask for: figures, log, events, retries, a pause, a test.
func TestReplicationReferenceHealth(t *testing.T) {
	t.Parallel()
	clock := new(setClock)
	clock.to(referenceNow)
	hub := event.NewHub(clock)
	sub := hub.Subscribe(100)
	defer sub.Close()
	to := newSink(t)
	s := openConfig(t, sqlengine.Config{Clock: clock, Events: hub}).NewSession()
	must(t, s, "CREATE TABLE users (id VARCHAR(20) PRIMARY KEY, name VARCHAR(60))")
	must(t, s, "CREATE REPLICATION r TO SINK '"+t.Name()+"' (ALL TABLES)")
	to.refuse["users/u2"] = errors.New("the target does not want it")
	must(t, s, "INSERT INTO users VALUES ('u1', 'John'), ('u2', 'Jane'), ('u3', 'Bob')")
	must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
	for _, q := range []struct{ sql, want string }{
		{`SELECT COUNT(*), SUM(enabled), MAX(last_activity), SUM(errors) / SUM(operations + errors) AS error_rate, SUM(lag_commits) AS pending FROM system.replications`,
			"1 | 1 | 2026-05-01 12:00:00.000000 | 0.3333 | 0\n"},
		{"SELECT name, target, enabled, operations, errors, dead_letters, avg_latency_ms, last_error FROM system.replications",
			"r | SINK | 1 | 2 | 1 | 1 | 0 | the target does not want it\n"},
		{"SELECT at, table_name, operation, record_id, error, replication FROM system.replication_log WHERE table_name = 'users' AND status = 'failed' ORDER BY at DESC LIMIT 50",
			"2026-05-01 12:00:00.000000 | users | insert | u2 | the target does not want it | r\n"},
		{"SELECT replication, table_name, SUM(status = 'success'), SUM(status = 'failed') FROM system.replication_log GROUP BY replication, table_name", "r | users | 2 | 1\n"},
		{"SELECT record_id, data->>'$.name' FROM system.replication_dead_letters", "u2 | Jane\n"},
		{"TEST REPLICATION r", "connection | ok | as always\npermissions | error | none\n"},
	} {
		if got := asked(t, s, q.sql); got != q.want {
			t.Errorf("%s: %q, want %q", q.sql, got, q.want)
		}
	}
	to.set(func() { clear(to.refuse) })
	must(t, s, "ALTER REPLICATION r RETRY FAILED")
	to.take()
	delivered(t, s, to, "r", "insert users u2 [u2 Jane]")
	if got := asked(t, s, "SELECT operations, operations_per_second > 0, (SELECT COUNT(*) FROM system.replication_dead_letters) FROM system.replications"); got != "3 | 1 | 0\n" {
		t.Error(got)
	}
	must(t, s, "ALTER REPLICATION r PAUSE")
	must(t, s, "DELETE FROM users WHERE id = 'u3'")
	if got := asked(t, s, "SELECT enabled, state, lag_commits > 0 FROM system.replications"); got != "0 | paused | 1\n" {
		t.Error(got)
	}
	must(t, s, "ALTER REPLICATION r RESUME")
	delivered(t, s, to, "r", "delete users u3 [u3 Bob] was [u3 Bob]")
	to.set(func() { to.down = errors.New("nobody is there") })
	must(t, s, "ALTER REPLICATION r SET (max_retries = 0)")
	must(t, s, "DELETE FROM users")
	answer(s, "RUN REPLICATION r UNTIL CAUGHT UP")
	var got []string
	for len(sub.C()) > 0 {
		switch e := (<-sub.C()).Event.(type) {
		case event.Replicated:
			got = append(got, fmt.Sprint(e.Type(), " ", e.Table(), " ", e.Replication, " ", e.Records))
		case event.ReplicationFailed:
			got = append(got, fmt.Sprint(e.Type(), " ", e.Table(), " ", e.Operation, " ", e.RecordID, " ", e.Error))
		case event.ReplicatorError:
			got = append(got, fmt.Sprint(e.Type(), " ", e.Replication, " ", e.Error))
		}
	}
	if got, want := strings.Join(got, "\n"), "replication_failed users insert u2 the target does not want it\nreplicated users r 2\nreplicated users r 1\nreplicated users r 1\n"+
		"replicator_error r nobody is there"; got != want {
		t.Errorf("events\n%s\nwant\n%s", got, want)
	}
}

// TestReplicationReferenceRefused are transforms that are not as in JavaScript: what they say needs other words, or cannot be had.
func TestReplicationReferenceRefused(t *testing.T) {
	t.Parallel()
	to := newSink(t)
	s := openMem(t).NewSession()
	must(t, s, "CREATE TABLE users (id VARCHAR(20) PRIMARY KEY, email VARCHAR(60), card VARCHAR(20) ENCRYPTED)")
	must(t, s, "CREATE TABLE orders (id VARCHAR(20) PRIMARY KEY, items JSON)")
	for items, want := range map[string]string{
		"TABLE orders AS SELECT *, JSON_LENGTH(items) AS items": "Duplicate column name 'items'",
		"TABLE users AS SELECT SHA2(id, 256) AS user_hash":      "leaves out id",
		"TABLE users AS SELECT id, card":                        "users.card is ENCRYPTED",
		"TABLE users AS SELECT *":                               "users.card is ENCRYPTED",
		"TABLE users AS SELECT id WHERE card <> ''":             "users.card is ENCRYPTED",
		"TABLE orders AS SELECT id, (SELECT SUM(x) FROM JSON_TABLE(items, '$[*]' COLUMNS (x INT PATH '$')) AS j) AS sum": "subquery",
	} {
		if got := answer(s, "CREATE REPLICATION r TO SINK '"+t.Name()+"' ("+items+")"); !strings.HasPrefix(got, "ERROR ") || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", items, got, want)
		}
	}
	must(t, s, "CREATE REPLICATION r TO SINK '"+t.Name()+"' (TABLE users)")
	must(t, s, "INSERT INTO users VALUES ('u1', 'a@b.c', '4111')")
	delivered(t, s, to, "r", "insert users u1 [u1 a@b.c]")
}
