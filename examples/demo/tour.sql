-- 1. Tables. Each statement is one commit: one PUT of one object.
CREATE TABLE customers (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  email VARCHAR(80) UNIQUE,
  joined DATE
);

CREATE TABLE orders (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  customer_id BIGINT NOT NULL,
  amount DECIMAL(10,2) NOT NULL,
  status VARCHAR(10) DEFAULT 'new',
  placed DATETIME DEFAULT CURRENT_TIMESTAMP,
  KEY by_customer (customer_id)
);

-- 2. Rows. Several rows are still one commit.
INSERT INTO customers (name, email, joined) VALUES
  ('Ada', 'ada@example.com', '2024-01-15'),
  ('Grace', 'grace@example.com', '2024-03-02'),
  ('Linus', NULL, '2025-07-20');

INSERT INTO orders (customer_id, amount, status, placed) VALUES
  (1, 120.50, 'paid', '2025-01-03 10:00:00'), (1, 79.90, 'paid', '2025-02-11 09:30:00'),
  (2, 15.00, 'new', '2025-02-12 18:45:00'), (2, 240.00, 'paid', '2025-03-01 08:00:00');

-- 3. A query by key, and one with a join and groups.
SELECT name, joined FROM customers WHERE id = 2;

SELECT c.name, COUNT(o.id) AS orders, COALESCE(SUM(o.amount), 0) AS total
  FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status = 'paid'
 GROUP BY c.id, c.name
 ORDER BY total DESC;

-- 4. How it runs.
EXPLAIN SELECT o.id, o.amount FROM orders o WHERE o.customer_id = 1 ORDER BY o.amount DESC LIMIT 1;

-- 5. Upsert.
INSERT INTO customers (name, email) VALUES ('Ada Lovelace', 'ada@example.com')
  ON DUPLICATE KEY UPDATE name = VALUES(name);

-- 6. A transaction: it sees its own writes, sends nothing before COMMIT, and is then one PUT.
BEGIN;
UPDATE orders SET status = 'paid' WHERE id = 3;
INSERT INTO orders (customer_id, amount, placed) VALUES (3, 9.99, '2025-04-01 12:00:00');
SELECT status, COUNT(*) AS orders, SUM(amount) AS total FROM orders GROUP BY status ORDER BY status;
COMMIT;

--    Or none of it.
BEGIN;
DELETE FROM orders;
ROLLBACK;
SELECT COUNT(*) AS orders FROM orders;

-- 7. What all this would have cost on S3. A new database first makes sure that its store keeps its word about
--    conditional writes, with races of many writers: that is what most of these requests were.
SELECT command, requests, bytes_in, bytes_out, cost_usd FROM system.costs;
