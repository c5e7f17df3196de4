package expr

import (
	"time"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
)

// civil is a moment as a DATETIME in its own location.
func civil(t time.Time) int64 {
	_, offset := t.Zone()
	return t.UnixMicro() + int64(offset)*base.Second
}

// prefixChars returns the first n characters of s.
func prefixChars(s string, n int) string { return s[:charOffset(s, n)] }

// charOffset returns where character n of s begins; len(s) when it has no more than n.
func charOffset(s string, n int) int {
	if n <= 0 {
		return 0
	}
	if n >= len(s) {
		return len(s)
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func charCount(s string) int { return utf8.RuneCountInString(s) }
