// Command quickstart uses s3sql through database/sql and nothing else. Give it a DSN, such as
// s3://KEY:SECRET@bucket/app?region=eu-central-1; without one it runs in memory.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"

	_ "github.com/s3sql/s3sql/driver"
)

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
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS notes (
		id BIGINT AUTO_INCREMENT PRIMARY KEY,
		title VARCHAR(100) NOT NULL,
		stars INT NOT NULL DEFAULT 0)`); err != nil {
		return err
	}
	res, err := db.ExecContext(ctx, "INSERT INTO notes (title, stars) VALUES (?, ?), (?, ?)", "buy milk", 2, "write docs", 5)
	if err != nil {
		return err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if err := upvote(ctx, db, id); err != nil {
		return err
	}
	return list(ctx, db, w)
}

// upvote changes a row in a transaction.
func upvote(ctx context.Context, db *sql.DB, id int64) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if _, err := tx.ExecContext(ctx, "UPDATE notes SET stars = stars + 1 WHERE id = ?", id); err != nil {
		return err
	}
	return tx.Commit()
}

// list prints the notes, the best first.
func list(ctx context.Context, db *sql.DB, w io.Writer) error {
	rows, err := db.QueryContext(ctx, "SELECT id, title, stars FROM notes WHERE stars >= ? ORDER BY stars DESC", 1)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, stars int64
		var title string
		if err := rows.Scan(&id, &title, &stars); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%d  %-12s %d\n", id, title, stars); err != nil {
			return err
		}
	}
	return rows.Err()
}
