package base

import (
	"testing"
	"time"
)

func TestParseDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"7d": 168 * time.Hour, "1h30m": 90 * time.Minute, "24h": 24 * time.Hour, "65535d": 65535 * 24 * time.Hour} {
		d, ok := ParseDays(text)
		if !ok || d != want {
			t.Errorf("%s is %v, %v", text, d, ok)
		}
		if back, ok := ParseDays(FormatDays(d)); !ok || back != d {
			t.Errorf("%s is written as %s", text, FormatDays(d))
		}
	}
	for _, text := range []string{"", "d", "0d", "-1d", "0s", "-5m", "7 d", "1.5d", "65536d", "7", "week"} {
		if d, ok := ParseDays(text); ok {
			t.Errorf("%q is %v", text, d)
		}
	}
}
