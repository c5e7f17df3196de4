package units

import (
	"math"
	"strconv"
	"strings"
)

// ParseSize reads bytes with an optional unit; KB, MB, GB and TB are powers of 1,024, as MySQL's K, M and G are.
func ParseSize(s string) (int64, bool) {
	shift := 0
	num := strings.ToUpper(s)
	for i, unit := range []string{"K", "M", "G", "T"} {
		for _, suffix := range []string{unit, unit + "B", unit + "IB"} {
			if n, ok := strings.CutSuffix(num, suffix); ok {
				num, shift = n, 10*(i+1)
				break
			}
		}
		if shift != 0 {
			break
		}
	}
	n, err := strconv.ParseInt(num, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, false
	}
	return n << shift, true
}
