package expr

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the zones, for machines that have none

	"github.com/s3sql/s3sql/internal/base"
)

// zones are the named zones met so far, by the name as written. Only names that exist are kept.
var zones sync.Map

// zone returns the time zone that MySQL's name means: SYSTEM, ±HH:MM from -13:59 to +14:00, or a name of the IANA database.
func zone(name string) (*time.Location, bool) {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), true
	}
	loc, ok := readZone(name)
	if ok && name[0] != '+' && name[0] != '-' {
		zones.Store(name, loc)
	}
	return loc, ok
}

func readZone(name string) (*time.Location, bool) {
	switch {
	case name == "" || strings.EqualFold(name, "Local"):
		return nil, false
	case strings.EqualFold(name, "SYSTEM"):
		return time.UTC, true
	case name[0] == '+' || name[0] == '-':
		return offsetZone(name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil { // the names are Europe/Moscow and UTC
		if loc, err = time.LoadLocation(strings.ToUpper(name)); err != nil {
			loc, err = time.LoadLocation(titled(name))
		}
	}
	return loc, err == nil
}

// titled writes each word of a name with a capital.
func titled(name string) string {
	b := []byte(strings.ToLower(name))
	for i := range b {
		if (i == 0 || b[i-1] == '/' || b[i-1] == '_' || b[i-1] == '-') && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

func offsetZone(s string) (*time.Location, bool) {
	h, m, ok := strings.Cut(s[1:], ":")
	if !ok || len(h) < 1 || len(h) > 2 || len(m) != 2 {
		return nil, false
	}
	n := 0
	for _, part := range []string{h, m} {
		v := 0
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				return nil, false
			}
			v = v*10 + int(part[i]-'0')
		}
		n = n*60 + v
	}
	if m > "59" || s[0] == '+' && n > 14*60 || s[0] == '-' && n > 13*60+59 {
		return nil, false
	}
	if s[0] == '-' {
		n = -n
	}
	return time.FixedZone(s, n*60), true
}

// maxTimestamp is the first second after the range of UNIX_TIMESTAMP and CONVERT_TZ: the year 3001 begins 19 January.
const maxTimestamp = 32536771200

// convertTZ is CONVERT_TZ(moment, from, to): NULL for an unknown zone, the moment itself outside of TIMESTAMP's range.
func convertTZ(r *row) error {
	from, ok1 := zone(r.str(1))
	to, ok2 := zone(r.str(2))
	t := r.int(0)
	if days, _ := base.SplitDateTime(t); !ok1 || !ok2 || days == base.ZeroDate {
		r.setNull()
		return nil
	}
	u := instant(t, from)
	if u < base.Second || u >= maxTimestamp*base.Second {
		r.setInt(t)
		return nil
	}
	r.setInt(civil(time.UnixMicro(u).In(to)))
	return nil
}

func buildConvertTZ(c *call) error {
	scale := fraction(c.args[0])
	c.in[0] = implicit(c.in[0], typeDateTime)
	c.in[1], c.in[2] = implicit(c.in[1], typeLongText), implicit(c.in[2], typeLongText)
	c.typ, c.null = base.Type{ID: base.TypeDateTime, Scale: scale}, true
	c.eval = rows(true, convertTZ)
	return nil
}
