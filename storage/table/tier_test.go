package table

import (
	"slices"
	"testing"

	"github.com/s3sql/s3sql/storage/segment"
)

// TestSmallSegments flushes little at a time into a table that is large: what is written again and again stays bounded, and so does
// the number of segments.
func TestSmallSegments(t *testing.T) {
	t.Parallel()
	l := defaultLimits()
	for name, keys := range map[string]func(i int) (first, last string){
		"anywhere":  func(int) (string, string) { return "a", "z" },
		"ascending": func(i int) (string, string) { k := string(rune('b' + i%1000)); return "n" + k, "n" + k },
	} {
		id := byte(0)
		made := func(level int, bytes int64, first, last string) *seg {
			id++
			return newSeg(1, segment.Meta{ID: segmentID{id, byte(bytes), byte(bytes >> 8), byte(bytes >> 16)}, Level: level, Bytes: bytes, Rows: 1, First: first, Last: last})
		}
		list := []*seg{made(1, 30<<20, "a", "m")}
		var arrived, written int64
		most := 0
		for i := range 2000 {
			first, last := keys(i)
			g := made(0, 100<<10, first, last)
			list, arrived, written = append(list, g), arrived+g.meta.Bytes, written+g.meta.Bytes
			for {
				j := newSegments(list).pickJob(l)
				if j == nil {
					break
				}
				lo, hi := keyRange(j.in)
				list = slices.DeleteFunc(list, func(g *seg) bool { return slices.Contains(j.in, g) })
				list = append(list, made(j.level, bytesOf(j.in), lo, hi))
				if !j.moves {
					written += bytesOf(j.in)
				}
			}
			most = max(most, len(newSegments(list).level(0)))
		}
		if share := float64(written) / float64(arrived); share > 16 || most > level0Most {
			t.Errorf("%s: each byte is written %.1f times, %d segments on level 0", name, share, most)
		}
	}
}
