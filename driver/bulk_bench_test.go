package driver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3sql/s3sql/driver"
)

// BenchmarkAppender loads rows of 20 columns and about 100 bytes.
func BenchmarkAppender(b *testing.B) {
	ctx := b.Context()
	db, conn := appendDB(b, "file://"+b.TempDir())
	cols := []string{"id BIGINT PRIMARY KEY"}
	for i := range 19 {
		cols = append(cols, fmt.Sprintf("c%d %s", i, []string{"INT", "VARCHAR(10)", "DOUBLE", "INT"}[i%4]))
	}
	if _, err := db.Exec("CREATE TABLE wide (" + strings.Join(cols, ", ") + ")"); err != nil {
		b.Fatal(err)
	}
	app, err := driver.NewAppender(ctx, conn, "wide")
	if err != nil {
		b.Fatal(err)
	}
	row := make([]any, 20)
	words := strings.Fields("alpha beta gamma delta eps zeta")
	b.ResetTimer()
	for i := range b.N {
		row[0] = int64(i)
		for c := range 19 {
			switch c % 4 {
			case 1:
				row[c+1] = words[(i+c)%6]
			case 2:
				row[c+1] = float64(i%1000) / 4
			default:
				row[c+1] = int64(i * (c + 1) % 100_000)
			}
		}
		if err := app.Append(ctx, row...); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := app.Close(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
