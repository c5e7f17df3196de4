package units

import "testing"

func TestParseSize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"0": 0, "7": 7, "1k": 1 << 10, "64MB": 64 << 20, "2MiB": 2 << 20, "3g": 3 << 30, "1T": 1 << 40,
		"": -1, "MB": -1, "-1M": -1, "1.5G": -1, "1PB": -1, "9000000T": -1, "1 MB": -1} {
		n, ok := ParseSize(in)
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("%q is %d, want %d", in, n, want)
		}
	}
}
