package main

import (
	"math"
	"strings"
)

// The block characters of Unicode that bars and sparklines are made of, the emptiest first.
var (
	eighths = []rune(" ▏▎▍▌▋▊▉█")
	heights = []rune("▁▂▃▄▅▆▇█")
)

// bar is a share of the greatest value as a bar of at most width characters; it is padded.
func bar(v, most float64, width int) string {
	if most <= 0 || v <= 0 || math.IsNaN(v) {
		return strings.Repeat(" ", width)
	}
	parts := int(math.Round(math.Min(v/most, 1) * float64(width*8)))
	parts = max(parts, 1)
	out := strings.Repeat("█", parts/8)
	if parts%8 > 0 {
		out += string(eighths[parts%8])
	}
	return out + strings.Repeat(" ", width-(parts+7)/8)
}

// sparkline draws values as columns of one line.
func sparkline(values []float64) string {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	out := make([]rune, len(values))
	for i, v := range values {
		out[i] = heights[0]
		if most > 0 {
			out[i] = heights[min(int(v/most*float64(len(heights)-1)+0.5), len(heights)-1)]
		}
	}
	return string(out)
}
