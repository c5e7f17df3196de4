package sqlgen

import (
	"os"
	"testing"
	"time"
)

// EnvTime makes tests of generated statements longer: a duration for each, such as 10m.
const EnvTime = "S3SQL_TEST_LONG"

// Seeds returns whether there is another seed after n: most of them without EnvTime, so that they are always the same, few in a
// short run.
func Seeds(t testing.TB, most, few uint64) (more func(n uint64) bool) {
	t.Helper()
	v := os.Getenv(EnvTime)
	if v == "" {
		if testing.Short() {
			most = few
		}
		return func(n uint64) bool { return n < most }
	}
	limit, err := time.ParseDuration(v)
	if err != nil {
		t.Fatalf("%s: %v", EnvTime, err)
	}
	end := time.Now().Add(limit)
	return func(uint64) bool { return time.Now().Before(end) }
}
