package sqlengine_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine"
)

// referenceCase is an example of s3db.js's documentation of its replicator: docs/s3db-mapping.md, "Replicator", says which one.
type referenceCase struct {
	name  string
	items string
	rows  []string
	want  []string
}

// referenceTables are those that the examples are about. Names that are not given in them are as the transforms use them.
var referenceTables = []string{
	`CREATE TABLE users (id VARCHAR(20) PRIMARY KEY, first_name VARCHAR(30), last_name VARCHAR(30), name VARCHAR(60), email VARCHAR(60), phone VARCHAR(30),
		role VARCHAR(20), status VARCHAR(20), region CHAR(2), type VARCHAR(20), birth_date DATE, total_spent DECIMAL(10,2), created_at DATETIME, orders JSON)`,
	`CREATE TABLE products (id VARCHAR(20) PRIMARY KEY, name VARCHAR(60), price DECIMAL(10,2))`,
	`CREATE TABLE sessions (id VARCHAR(20) PRIMARY KEY, user_id VARCHAR(20))`,
	`CREATE TABLE orders (id VARCHAR(20) PRIMARY KEY, user_id VARCHAR(20), amount DECIMAL(10,2), currency CHAR(3), status VARCHAR(20), items JSON, created_at DATETIME)`,
}

// referenceNow is when the examples run.
var referenceNow = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// testReference runs examples, each in a database of its own.
func testReference(t *testing.T, tables []string, cases []referenceCase, functions ...plugins.Function) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clock := new(setClock)
			clock.to(referenceNow)
			to := newSink(t)
			s := openConfig(t, sqlengine.Config{Clock: clock, Functions: functions}).NewSession()
			for _, ddl := range tables {
				must(t, s, ddl)
			}
			must(t, s, "CREATE REPLICATION r TO SINK '"+t.Name()+"' ("+c.items+")")
			for _, row := range c.rows {
				must(t, s, row)
			}
			must(t, s, "RUN REPLICATION r UNTIL CAUGHT UP")
			got := strings.ReplaceAll(to.take(), " 00:00:00 +0000 UTC", "") // dates
			if got = strings.ReplaceAll(got, " +0000 UTC", ""); got != strings.Join(c.want, "\n") {
				t.Errorf("delivered\n%s\nwant\n%s", got, strings.Join(c.want, "\n"))
			}
			if dead := asked(t, s, "SELECT record_id, error FROM system.replication_dead_letters"); dead != "" {
				t.Error(dead)
			}
		})
	}
}

// TestReplicationReferenceSyntaxes are the six ways to say which tables go where.
func TestReplicationReferenceSyntaxes(t *testing.T) {
	t.Parallel()
	testReference(t, referenceTables, []referenceCase{
		{"basic", `TABLE users, TABLE products INTO backup_products, TABLE orders INTO order_backup FOR INSERT, UPDATE, DELETE AS SELECT id, amount,
			UTC_TIMESTAMP() AS backup_timestamp, 'production' AS original_source, UTC_TIMESTAMP() AS migrated_at`,
			[]string{"INSERT INTO products VALUES ('p1', 'Mug', 12.99)", "INSERT INTO orders (id, amount) VALUES ('o1', 5)", "UPDATE orders SET amount = 6", "DELETE FROM orders"},
			[]string{"insert backup_products p1 [p1 Mug 12.99]", "insert order_backup o1 [o1 5.00 2026-05-01 12:00:00 production 2026-05-01 12:00:00]",
				"update order_backup o1 [o1 6.00 2026-05-01 12:00:00 production 2026-05-01 12:00:00] was [o1 5.00 2026-05-01 12:00:00 production 2026-05-01 12:00:00]",
				"delete order_backup o1 [o1 6.00 2026-05-01 12:00:00 production 2026-05-01 12:00:00] was [o1 6.00 2026-05-01 12:00:00 production 2026-05-01 12:00:00]"}},
		{"1 names", "TABLE users FOR DELETE, TABLE products, TABLE sessions",
			[]string{"INSERT INTO users (id) VALUES ('u1')", "INSERT INTO products VALUES ('p1', 'Mug', 12.99)", "INSERT INTO sessions VALUES ('s1', 'u1')", "UPDATE sessions SET user_id = NULL"},
			[]string{"insert products p1 [p1 Mug 12.99]", "insert sessions s1 [s1 u1]", "update sessions s1 [s1 <nil>] was [s1 u1]"}},
		{"1 all but some", "ALL TABLES EXCEPT users, orders", []string{"INSERT INTO users (id) VALUES ('u1')", "INSERT INTO sessions VALUES ('s1', 'u1')", "DELETE FROM sessions"},
			[]string{"insert sessions s1 [s1 u1]", "delete sessions s1 [s1 u1] was [s1 u1]"}},
		{"2 other names", "TABLE products INTO items, TABLE sessions INTO visits",
			[]string{"INSERT INTO products VALUES ('p1', 'Mug', 12.99)", "INSERT INTO sessions VALUES ('s1', 'u1')"}, []string{"insert items p1 [p1 Mug 12.99]", "insert visits s1 [s1 u1]"}},
		{"3 transform", `TABLE products INTO things FOR INSERT, UPDATE, DELETE AS SELECT *, CONCAT(id, ' ', name) AS full_name, UTC_TIMESTAMP() AS migrated_at, 'production' AS source_system`,
			[]string{"INSERT INTO products VALUES ('p1', 'Mug', 12.99)"}, []string{"insert things p1 [p1 Mug 12.99 p1 Mug 2026-05-01 12:00:00 production]"}},
		{"4 transform only", `TABLE products AS SELECT *, TRUE AS processed, UTC_TIMESTAMP() AS backup_date, MD5(JSON_OBJECT('id', id, 'name', name)) AS hash`,
			[]string{"INSERT INTO products VALUES ('p1', 'Mug', 12.99)"},
			[]string{"insert products p1 [p1 Mug 12.99 1 2026-05-01 12:00:00 7d43b7d13e8b4130f3f888ce4d24740b]"}},
		{"5 several destinations", `TABLE sessions INTO people,
			TABLE sessions INTO user_analytics AS SELECT id, COALESCE(user_id, 'standard') AS user_type, UTC_TIMESTAMP() AS last_activity,
			TABLE sessions INTO audit_trail AS SELECT id AS user_id, 'user_replicated' AS action, UTC_TIMESTAMP() AS timestamp, SHA2(JSON_OBJECT('id', id), 256) AS data_hash`,
			[]string{"INSERT INTO sessions VALUES ('s1', NULL)"},
			[]string{"insert people s1 [s1 <nil>]", "insert user_analytics s1 [s1 standard 2026-05-01 12:00:00]", "insert audit_trail s1 [s1 user_replicated 2026-05-01 12:00:00 89d79f13e18d13258cb9ef9c32bee1b808654ba159f2844b73f96482d33343c5]"}},
		{"6 products", `TABLE sessions INTO user_sessions, TABLE products AS SELECT *, CAST(COALESCE(CONCAT('[', REPLACE(JSON_QUOTE(LOWER(name)), ' ', '","'), ']'), '[]') AS JSON) AS search_keywords,
			IF(price > 100, 'premium', 'standard') AS price_category`,
			[]string{"INSERT INTO sessions VALUES ('s1', 'u1')", "INSERT INTO products VALUES ('p1', 'Laptop Pro', 1299.99), ('p2', NULL, 5)"},
			[]string{"insert user_sessions s1 [s1 u1]", `insert products p1 [p1 Laptop Pro 1299.99 ["laptop", "pro"] premium]`, "insert products p2 [p2 <nil> 5.00 [] standard]"}},
		{"6 orders", `TABLE orders INTO order_backup,
			TABLE orders INTO order_analytics FOR INSERT, UPDATE AS SELECT id AS order_id, user_id AS customer_id, amount, DATE(created_at) AS order_date,
				COALESCE(status, 'pending') AS status, COALESCE(JSON_LENGTH(items), 0) AS item_count, amount > 1000 AS is_large_order,
			TABLE orders INTO financial_records FOR INSERT AS SELECT id AS transaction_id, amount, COALESCE(currency, 'USD') AS currency, 'order_payment' AS type,
				UTC_TIMESTAMP() AS timestamp, JSON_OBJECT('customer_id', user_id, 'order_items', COALESCE(JSON_LENGTH(items), 0)) AS metadata`,
			[]string{`INSERT INTO orders VALUES ('o1', 'u1', 1329.98, NULL, NULL, '["p1", "p2"]', '2026-04-30 23:59:59')`, "UPDATE orders SET status = 'paid'", "DELETE FROM orders"},
			[]string{`insert order_backup o1 [o1 u1 1329.98 <nil> <nil> ["p1", "p2"] 2026-04-30 23:59:59]`, "insert order_analytics o1 [o1 u1 1329.98 2026-04-30 pending 2 1]",
				`insert financial_records o1 [o1 1329.98 USD order_payment 2026-05-01 12:00:00 {"customer_id": "u1", "order_items": 2}]`,
				`update order_backup o1 [o1 u1 1329.98 <nil> paid ["p1", "p2"] 2026-04-30 23:59:59] was [o1 u1 1329.98 <nil> <nil> ["p1", "p2"] 2026-04-30 23:59:59]`,
				"update order_analytics o1 [o1 u1 1329.98 2026-04-30 paid 2 1] was [o1 u1 1329.98 2026-04-30 pending 2 1]",
				`delete order_backup o1 [o1 u1 1329.98 <nil> paid ["p1", "p2"] 2026-04-30 23:59:59] was [o1 u1 1329.98 <nil> paid ["p1", "p2"] 2026-04-30 23:59:59]`}},
		{"6 users", `TABLE users INTO customer_profiles FOR INSERT, UPDATE AS SELECT id, TRIM(CONCAT(COALESCE(first_name, ''), ' ', COALESCE(last_name, ''))) AS full_name,
			COALESCE(TIMESTAMPDIFF(DAY, created_at, UTC_TIMESTAMP()), 0) AS account_age_days, COALESCE(orders, JSON_OBJECT()) AS preferences, UTC_TIMESTAMP() AS last_updated WHERE status = 'active'`,
			[]string{"INSERT INTO users (id, first_name, status, created_at) VALUES ('u1', 'Ada', 'active', '2026-04-30 12:00:01'), ('u2', 'Bob', 'new', NULL), ('u3', NULL, NULL, NULL)",
				"UPDATE users SET status = 'active' WHERE id = 'u2'", "UPDATE users SET status = 'gone' WHERE id = 'u1'"},
			[]string{"insert customer_profiles u1 [u1 Ada 0 {} 2026-05-01 12:00:00]", "update customer_profiles u2 [u2 Bob 0 {} 2026-05-01 12:00:00]"}},
	})
}

// TestReplicationReferenceFeatures are the transforms of the section on transform functions.
func TestReplicationReferenceFeatures(t *testing.T) {
	t.Parallel()
	testReference(t, referenceTables, []referenceCase{
		{"1 mapping", `TABLE users AS SELECT id, CONCAT(first_name, ' ', last_name) AS customer_name, COALESCE(SUBSTRING_INDEX(email, '@', -1), 'unknown') AS email_domain,
			UNIX_TIMESTAMP(UTC_TIMESTAMP()) * 1000 AS created_timestamp, 'production-db' AS source`,
			[]string{"INSERT INTO users (id, first_name, last_name, email) VALUES ('u1', 'Ada', 'King', 'ada@example.com'), ('u2', 'B', 'C', NULL)"},
			[]string{"insert users u1 [u1 Ada King example.com 1777636800000 production-db]", "insert users u2 [u2 B C unknown 1777636800000 production-db]"}},
		{"2 conditional", "TABLE users AS SELECT id, IF(type = 'premium', 'high', 'normal') AS priority, CASE type WHEN 'premium' THEN '4hours' ELSE '24hours' END AS sla",
			[]string{"INSERT INTO users (id, type) VALUES ('u1', 'premium'), ('u2', NULL)"}, []string{"insert users u1 [u1 high 4hours]", "insert users u2 [u2 normal 24hours]"}},
		{"3 validation", "TABLE users AS SELECT id, LOWER(email) AS email, TRIM(name) AS name, TRUE AS validated WHERE email <> '' AND name <> ''",
			[]string{"INSERT INTO users (id, email, name) VALUES ('u1', 'Ada@Example.com', ' Ada '), ('u2', NULL, 'x'), ('u3', '', 'x'), ('u4', 'x', NULL)"},
			[]string{"insert users u1 [u1 ada@example.com Ada 1]"}},
		{"4 computed", `TABLE users AS SELECT id, TIMESTAMPDIFF(YEAR, birth_date, UTC_DATE()) AS age, SUM_OF(orders, 'amount') AS account_value, UTC_TIMESTAMP() AS last_activity`,
			[]string{`INSERT INTO users (id, birth_date, orders) VALUES ('u1', '1990-05-02', '[{"amount": 1.5}, {"amount": 2}]'), ('u2', NULL, NULL)`},
			[]string{"insert users u1 [u1 35 3.5 2026-05-01 12:00:00]", "insert users u2 [u2 <nil> 0 2026-05-01 12:00:00]"}},
		{"5 aggregation", `TABLE users AS SELECT id AS user_id, COALESCE(JSON_LENGTH(orders), 0) AS total_orders, SUM_OF(orders, 'amount') AS total_spent,
			MOST_OF(orders, 'category') AS favorite_category, UTC_TIMESTAMP() AS analysis_date`,
			[]string{`INSERT INTO users (id, orders) VALUES ('u1', '[{"amount": 1, "category": "b"}, {"amount": 2, "category": "a"}, {"amount": 3, "category": "b"}]'), ('u2', NULL)`},
			[]string{"insert users u1 [u1 3 6 b 2026-05-01 12:00:00]", "insert users u2 [u2 0 0 <nil> 2026-05-01 12:00:00]"}},
	}, overArrays...)
}

// overArrays are functions of the program's for what loops over an array in JavaScript: a transform has no subquery that could.
var overArrays = []plugins.Function{
	{Name: "SUM_OF", MinArgs: 2, MaxArgs: 2, Type: plugins.TypeFloat, Deterministic: true, Call: func(_ context.Context, args []any) (any, error) {
		sum := 0.0
		for _, v := range members(args) {
			f, _ := v.(float64)
			sum += f
		}
		return sum, nil
	}},
	{Name: "MOST_OF", MinArgs: 2, MaxArgs: 2, Type: plugins.TypeText, Deterministic: true, Call: func(_ context.Context, args []any) (any, error) {
		count := map[any]int{}
		var most any
		for _, v := range members(args) {
			if count[v]++; most == nil || count[v] > count[most] {
				most = v
			}
		}
		return most, nil
	}},
}

// members returns a member of each object of an array.
func members(args []any) (out []any) {
	var list []map[string]any
	if text, ok := args[0].(string); ok && json.Unmarshal([]byte(text), &list) == nil {
		for _, o := range list {
			out = append(out, o[args[1].(string)])
		}
	}
	return out
}
