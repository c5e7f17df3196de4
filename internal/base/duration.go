package base

import (
	"strconv"
	"strings"
	"time"
)

// ParseDays reads a positive duration as Go writes it (time.ParseDuration), or a whole number of days, as 30d.
func ParseDays(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil && n > 0
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}

// FormatDays is the inverse of ParseDays: days where there are only whole ones.
func FormatDays(d time.Duration) string {
	if d > 0 && d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	}
	return d.String()
}
