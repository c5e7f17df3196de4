package sqlengine_test

import "testing"

// referenceDriverTables are those of the examples of single drivers. What they parse as a number is a text here.
var referenceDriverTables = []string{
	`CREATE TABLE users (id VARCHAR(20) PRIMARY KEY, first_name VARCHAR(30), last_name VARCHAR(30), name VARCHAR(60), email VARCHAR(60), phone VARCHAR(30),
		status VARCHAR(20), created_at DATETIME, total_spent DECIMAL(10,2), last_login_at DATETIME, privacy_level VARCHAR(20), category VARCHAR(20), account_type VARCHAR(20), region CHAR(2))`,
	`CREATE TABLE orders (id VARCHAR(20) PRIMARY KEY, user_id VARCHAR(20), amount VARCHAR(20), currency CHAR(3), status VARCHAR(20), items JSON, created_at DATETIME,
		source VARCHAR(20), payment_method VARCHAR(20), is_first_order BOOLEAN, quantity VARCHAR(20), is_active VARCHAR(5), tags JSON, metadata JSON, lat DOUBLE, lng DOUBLE, total_spent INT)`,
	`CREATE TABLE payments (id VARCHAR(20) PRIMARY KEY, amount DECIMAL(10,2), currency CHAR(3), user_id VARCHAR(20), method VARCHAR(20), status VARCHAR(20), exchange_rate DOUBLE)`,
	`CREATE TABLE events (id VARCHAR(20) PRIMARY KEY, user_id VARCHAR(20), event_type VARCHAR(20), timestamp DATETIME, properties JSON, session_id VARCHAR(20), user_agent VARCHAR(60), ip_address VARCHAR(40))`,
}

// TestReplicationReferenceMessages is the payment of the SQS section.
func TestReplicationReferenceMessages(t *testing.T) {
	t.Parallel()
	testReference(t, referenceDriverTables, []referenceCase{
		{"payments", `TABLE orders, TABLE payments AS SELECT id AS payment_id, amount, COALESCE(currency, 'USD') AS currency, user_id AS customer_id, method AS payment_method, status,
			UTC_TIMESTAMP() AS timestamp, IF(currency = 'USD', amount, amount * COALESCE(NULLIF(exchange_rate, 0), 1)) AS amount_usd, amount > 1000 AS is_large_payment,
			CASE WHEN amount > 5000 THEN 'high' WHEN amount > 1000 THEN 'medium' ELSE 'low' END AS risk_score`,
			[]string{"INSERT INTO payments VALUES ('p1', 6000, 'USD', 'u1', 'card', 'ok', NULL), ('p2', 2000, 'EUR', 'u1', 'card', 'ok', 1.5), ('p3', 5, NULL, 'u1', NULL, NULL, NULL)"},
			[]string{"insert payments p1 [p1 6000.00 USD u1 card ok 2026-05-01 12:00:00 6000 1 high]", "insert payments p2 [p2 2000.00 EUR u1 card ok 2026-05-01 12:00:00 3000 1 medium]",
				"insert payments p3 [p3 5.00 USD u1 <nil> <nil> 2026-05-01 12:00:00 5 0 low]"}},
	})
}

// TestReplicationReferenceWarehouse are the transforms of the BigQuery section.
func TestReplicationReferenceWarehouse(t *testing.T) {
	t.Parallel()
	testReference(t, referenceDriverTables, []referenceCase{
		{"dim_users", `TABLE users INTO dim_users FOR INSERT, UPDATE AS SELECT id, LOWER(email) AS email, TRIM(CONCAT(COALESCE(first_name, ''), ' ', COALESCE(last_name, ''))) AS full_name,
			DATE(created_at) AS registration_date, COALESCE(TIMESTAMPDIFF(DAY, created_at, UTC_TIMESTAMP()), 0) AS account_age_days,
			CASE WHEN total_spent > 1000 THEN 'premium' WHEN total_spent > 100 THEN 'standard' ELSE 'basic' END AS user_tier,
			last_login_at > UTC_TIMESTAMP() - INTERVAL 30 DAY AS is_active, UTC_TIMESTAMP() AS processed_at, 'production_s3db' AS data_source`,
			[]string{"INSERT INTO users (id, email, last_name, created_at, total_spent, last_login_at) VALUES ('u1', 'A@B.c', 'King', '2026-04-01 12:00:00', 500, '2026-04-30'), ('u2', NULL, NULL, NULL, NULL, NULL)"},
			[]string{"insert dim_users u1 [u1 a@b.c King 2026-04-01 30 standard 1 2026-05-01 12:00:00 production_s3db]", "insert dim_users u2 [u2 <nil>  <nil> 0 basic <nil> 2026-05-01 12:00:00 production_s3db]"}},
		{"orders to three", `TABLE orders INTO fact_orders FOR INSERT, UPDATE AS SELECT id AS order_id, user_id AS customer_id, DATE(created_at) AS order_date, created_at AS order_timestamp,
				COALESCE(CAST(amount AS DOUBLE), 0) AS amount, COALESCE(currency, 'USD') AS currency, status, COALESCE(JSON_LENGTH(items), 0) AS item_count,
				DAYOFWEEK(created_at) IN (1, 7) AS is_weekend_order, HOUR(created_at) AS order_hour, amount > 500 AS is_large_order, UTC_TIMESTAMP() AS ingested_at, 'production' AS source_system,
			TABLE orders INTO daily_revenue_summary FOR INSERT AS SELECT DATE(created_at) AS date, COALESCE(CAST(amount AS DOUBLE), 0) AS revenue, COALESCE(currency, 'USD') AS currency,
				1 AS order_count, user_id AS customer_id, COALESCE(source, 'web') AS order_source, payment_method, COALESCE(is_first_order, FALSE) AS is_first_order, UTC_TIMESTAMP() AS created_at,
			TABLE orders INTO customer_order_analytics FOR INSERT, UPDATE AS SELECT user_id AS customer_id, id AS latest_order_id, DATE(created_at) AS latest_order_date,
				COALESCE(CAST(amount AS DOUBLE), 0) AS latest_order_amount, COALESCE(CAST(amount AS DOUBLE), 0) AS lifetime_value_increment, UTC_TIMESTAMP() AS updated_at`,
			[]string{"INSERT INTO orders (id, user_id, amount, created_at, items) VALUES ('o1', 'u1', '750.5', '2026-05-02 18:30:00', '[1]')", "UPDATE orders SET amount = NULL", "DELETE FROM orders"},
			[]string{"insert fact_orders o1 [o1 u1 2026-05-02 2026-05-02 18:30:00 750.5 USD <nil> 1 1 18 1 2026-05-01 12:00:00 production]",
				"insert daily_revenue_summary o1 [2026-05-02 750.5 USD 1 u1 web <nil> 0 2026-05-01 12:00:00]", "insert customer_order_analytics o1 [u1 o1 2026-05-02 750.5 750.5 2026-05-01 12:00:00]",
				"update fact_orders o1 [o1 u1 2026-05-02 2026-05-02 18:30:00 0 USD <nil> 1 1 18 <nil> 2026-05-01 12:00:00 production] was [o1 u1 2026-05-02 2026-05-02 18:30:00 750.5 USD <nil> 1 1 18 1 2026-05-01 12:00:00 production]",
				"update customer_order_analytics o1 [u1 o1 2026-05-02 0 0 2026-05-01 12:00:00] was [u1 o1 2026-05-02 750.5 750.5 2026-05-01 12:00:00]"}},
		{"user_events", `TABLE events INTO user_events FOR INSERT AS SELECT id AS event_id, user_id, event_type, timestamp AS event_timestamp, DATE(timestamp) AS event_date,
			CAST(COALESCE(properties, JSON_OBJECT()) AS CHAR) AS properties, properties->>'$.page_url' AS page_url, properties->>'$.referrer' AS referrer, session_id, user_agent,
			IF(ip_address <> '', 'masked', NULL) AS ip_address, UTC_TIMESTAMP() AS processed_at, '1.0' AS schema_version WHERE event_type IN ('page_view', 'button_click', 'form_submit', 'purchase')`,
			[]string{`INSERT INTO events (id, event_type, timestamp, properties, ip_address) VALUES ('e1', 'page_view', '2026-05-01 01:02:03', '{"page_url": "/a"}', '::1'), ('e2', 'scroll', NULL, NULL, NULL),
				('e3', NULL, NULL, NULL, NULL), ('e4', 'purchase', NULL, NULL, NULL)`},
			[]string{`insert user_events e1 [e1 <nil> page_view 2026-05-01 01:02:03 2026-05-01 {"page_url": "/a"} /a <nil> <nil> <nil> masked 2026-05-01 12:00:00 1.0]`,
				"insert user_events e4 [e4 <nil> purchase <nil> <nil> {} <nil> <nil> <nil> <nil> <nil> 2026-05-01 12:00:00 1.0]"}},
		{"cleaning", "TABLE users AS SELECT id, LOWER(TRIM(email)) AS email, NULLIF(REGEXP_REPLACE(phone, '[^0-9]', ''), '') AS phone, UTC_TIMESTAMP() AS validated_at WHERE email <> '' AND id <> ''",
			[]string{"INSERT INTO users (id, email, phone) VALUES ('u1', ' A@b.c ', '+1 (555) 12-34'), ('u2', 'x', 'none'), ('u3', NULL, NULL)"},
			[]string{"insert users u1 [u1 a@b.c 15551234 2026-05-01 12:00:00]", "insert users u2 [u2 x <nil> 2026-05-01 12:00:00]"}},
		{"types", `TABLE orders AS SELECT id, COALESCE(CAST(REGEXP_SUBSTR(amount, '^[0-9.]+') AS DOUBLE), 0) AS amount, COALESCE(CAST(REGEXP_SUBSTR(quantity, '^[0-9]+') AS SIGNED), 0) AS quantity,
			COALESCE(is_active NOT IN ('', '0', 'false'), FALSE) AS is_active, IF(JSON_TYPE(tags) = 'ARRAY', tags, JSON_ARRAY()) AS tags, CAST(COALESCE(metadata, JSON_OBJECT()) AS CHAR) AS metadata`,
			[]string{`INSERT INTO orders (id, amount, quantity, is_active, tags, metadata) VALUES ('o1', '12.5 EUR', '7 pieces', 'yes', '["a"]', '{"k": 1}'), ('o2', 'much', NULL, NULL, '"a"', NULL)`},
			[]string{`insert orders o1 [o1 12.5 7 1 ["a"] {"k": 1}]`, "insert orders o2 [o2 0 0 0 [] {}]"}},
		{"dimensions", `TABLE orders AS SELECT id, DATE(created_at) AS order_date, YEAR(created_at) AS order_year, MONTH(created_at) AS order_month, QUARTER(created_at) AS order_quarter,
			CASE WHEN total_spent > 1000 THEN 'VIP' WHEN total_spent > 500 THEN 'Premium' ELSE 'Standard' END AS customer_segment, CONCAT(lat, ',', lng) AS location_string`,
			[]string{"INSERT INTO orders (id, created_at, total_spent, lat, lng) VALUES ('o1', '2026-11-30 10:00:00', 600, 52.5, 13.25), ('o2', '2026-03-31', NULL, 1, NULL)"},
			[]string{"insert orders o1 [o1 2026-11-30 2026 11 4 Premium 52.5,13.25]", "insert orders o2 [o2 2026-03-31 2026 3 1 Standard <nil>]"}},
		{"raw_events", `TABLE events INTO raw_events FOR INSERT AS SELECT id AS event_id, user_id, event_type, DATE(timestamp) AS event_date, CAST(COALESCE(properties, JSON_OBJECT()) AS CHAR) AS properties,
			DATE(timestamp) AS partition_date, UNIX_TIMESTAMP() AS ingestion_timestamp`,
			[]string{"INSERT INTO events (id, event_type, timestamp) VALUES ('e1', 'x', '2026-05-01 01:02:03')"}, []string{"insert raw_events e1 [e1 <nil> x 2026-05-01 {} 2026-05-01 1777636800]"}},
		{"encrypted_users", `TABLE users INTO encrypted_users FOR INSERT AS SELECT SHA2(CONCAT(id, 'salt'), 256) AS user_hash, HEX(AES_ENCRYPT(email, 'key')) AS encrypted_email,
			IF(phone <> '', HEX(AES_ENCRYPT(phone, 'key')), NULL) AS encrypted_phone, DATE(created_at) AS registration_date, account_type, region, '1.0' AS encryption_version, UTC_TIMESTAMP() AS processed_at`,
			[]string{"INSERT INTO users (id, email, created_at, region) VALUES ('u1', 'a@b.c', '2026-04-01', 'EU')", "UPDATE users SET region = 'US'"},
			[]string{"insert encrypted_users u1 [f9ae7b1cbfe50baf3c62a789384fd378f2f8fef693d1f682a6ecaaaee285b595 AAC9F6F94525500C7423B13E8204ABAD <nil> 2026-04-01 <nil> EU 1.0 2026-05-01 12:00:00]"}},
	})
}

// TestReplicationReferenceOperational are the transforms of the PostgreSQL section.
func TestReplicationReferenceOperational(t *testing.T) {
	t.Parallel()
	testReference(t, referenceDriverTables, []referenceCase{
		{"operational_users", `TABLE users INTO operational_users FOR INSERT, UPDATE, DELETE AS SELECT id, IF(OPERATION() = 'delete', NULL, email) AS email,
				IF(OPERATION() = 'delete', COMMIT_TIME(), NULL) IS NULL AS there, IF(OPERATION() = 'delete', 'user_requested', NULL) AS deletion_reason, 's3db' AS source_system, '1.0' AS data_version,
				TRIM(CONCAT(COALESCE(first_name, ''), ' ', COALESCE(last_name, ''))) AS full_name, COALESCE(SUBSTRING_INDEX(email, '@', -1), 'unknown') AS email_domain`,
			[]string{"INSERT INTO users (id, email, first_name) VALUES ('u1', 'a@b.c', 'Ada')", "UPDATE users SET email = NULL", "DELETE FROM users"},
			[]string{"insert operational_users u1 [u1 a@b.c 1 <nil> s3db 1.0 Ada b.c]", "update operational_users u1 [u1 <nil> 1 <nil> s3db 1.0 Ada unknown] was [u1 a@b.c 1 <nil> s3db 1.0 Ada b.c]",
				"delete operational_users u1 [u1 <nil> 0 user_requested s3db 1.0 Ada unknown] was [u1 <nil> 0 user_requested s3db 1.0 Ada unknown]"}},
		{"user_audit_trail", `TABLE users INTO user_audit_trail AS SELECT id AS user_id, OPERATION() AS operation_type, UTC_TIMESTAMP() AS operation_timestamp,
				CAST(JSON_OBJECT('id', id, 'email', email) AS CHAR) AS data_snapshot, 's3db' AS source_database, LENGTH(UUID()) AS replication_id`,
			[]string{"INSERT INTO users (id, email) VALUES ('u1', 'a@b.c')", "DELETE FROM users"},
			[]string{`insert user_audit_trail u1 [u1 insert 2026-05-01 12:00:00 {"id": "u1", "email": "a@b.c"} s3db 36]`,
				`delete user_audit_trail u1 [u1 delete 2026-05-01 12:00:00 {"id": "u1", "email": "a@b.c"} s3db 36] was [u1 delete 2026-05-01 12:00:00 {"id": "u1", "email": "a@b.c"} s3db 36]`}},
		{"orders", `TABLE orders INTO order_events FOR INSERT AS SELECT LENGTH(UUID()) AS event_id, id AS order_id, user_id AS customer_id, 'order_created' AS event_type, UTC_TIMESTAMP() AS event_timestamp,
				COALESCE(CAST(amount AS DOUBLE), 0) AS order_amount, COALESCE(status, 'pending') AS order_status, amount > 500 AS is_large_order,
				CASE WHEN amount > 1000 THEN 'high' WHEN amount > 100 THEN 'medium' ELSE 'low' END AS order_priority, UTC_TIMESTAMP() + INTERVAL 2 DAY AS estimated_fulfillment,
			TABLE orders INTO order_updates FOR UPDATE AS SELECT LENGTH(UUID()) AS update_id, id AS order_id, UTC_TIMESTAMP() AS updated_at, CHANGED_FIELDS() AS changed_fields, OLD.status AS previous_status,
				status AS new_status, CONCAT(COALESCE(OLD.status, 'unknown'), ' -> ', status) AS status_progression, 'automated_replication' AS update_source`,
			[]string{"INSERT INTO orders (id, amount) VALUES ('o1', '150')", "UPDATE orders SET status = 'paid', amount = '160'", "UPDATE orders SET status = 'sent'"},
			[]string{"insert order_events o1 [36 o1 <nil> order_created 2026-05-01 12:00:00 150 pending 0 medium 2026-05-03 12:00:00]",
				`update order_updates o1 [36 o1 2026-05-01 12:00:00 ["amount", "status"] <nil> paid unknown -> paid automated_replication] was [36 o1 2026-05-01 12:00:00 ["amount", "status"] <nil> <nil> <nil> automated_replication]`,
				`update order_updates o1 [36 o1 2026-05-01 12:00:00 ["status"] paid sent paid -> sent automated_replication] was [36 o1 2026-05-01 12:00:00 ["status"] <nil> paid unknown -> paid automated_replication]`}},
		{"masked_sensitive_data", `TABLE users INTO masked_sensitive_data FOR INSERT, UPDATE AS SELECT id, CONCAT(LEFT(SUBSTRING_INDEX(email, '@', 1), 3), '***@', SUBSTRING_INDEX(email, '@', -1)) AS email,
				CONCAT('***-***-', RIGHT(phone, 4)) AS phone, CONCAT(LEFT(name, 1), REPEAT('*', CHAR_LENGTH(name) - 1)) AS name, created_at, status, category, UTC_TIMESTAMP() AS masked_at, '1.0' AS masking_version
				WHERE COALESCE(privacy_level, '') <> 'restricted'`,
			[]string{"INSERT INTO users (id, email, phone, name, privacy_level) VALUES ('u1', 'adaline@b.c', '555-123-4567', 'Ada', NULL), ('u2', NULL, NULL, NULL, 'open'), ('u3', 'x@y', '1', 'X', 'restricted')"},
			[]string{"insert masked_sensitive_data u1 [u1 ada***@b.c ***-***-4567 A** <nil> <nil> <nil> 2026-05-01 12:00:00 1.0]",
				"insert masked_sensitive_data u2 [u2 <nil> <nil> <nil> <nil> <nil> <nil> 2026-05-01 12:00:00 1.0]"}},
		{"users_cache", "TABLE users INTO users_cache FOR INSERT, UPDATE AS SELECT id, email, name, UTC_TIMESTAMP() AS updated_at, LOWER(CONCAT(name, ' ', email)) AS search_vector",
			[]string{"INSERT INTO users (id, email, name) VALUES ('u1', 'A@b.c', 'Ada')"}, []string{"insert users_cache u1 [u1 A@b.c Ada 2026-05-01 12:00:00 ada a@b.c]"}},
	})
}
