package plugins

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
	"github.com/s3sql/s3sql/internal/units"
)

// OptionType says how the value of an option is written.
type OptionType uint8

// The types of options.
const (
	Text     OptionType = iota
	Bool                // TRUE, FALSE, 1, 0, 'on', 'off', 'yes', 'no'
	Int                 // a whole number
	Float               // a number
	Duration            // '250ms', '5m', '30d', or milliseconds
	Size                // '64MB', or bytes
	Secret              // a text that nobody is shown: '…', 'env:NAME' or SECRET name
)

var typeNames = [...]string{"a text", "true or false", "a whole number", "a number", "a duration such as '250ms', '5m' or '30d', or milliseconds",
	"a size such as '64MB', or bytes", "a text, 'env:NAME' or SECRET name"}

// Option describes an option that WITH and SET take.
type Option struct {
	Name    string // lower case
	Type    OptionType
	Default string   // as it would be given; "" none
	Values  []string // of Text: the only ones, in lower case; nil: any
	// Min and Max bound Int, Float, Duration (in seconds) and Size (in bytes); both 0: not at all. Durations and sizes are above zero
	// without them.
	Min, Max float64
	Required bool
}

// Setting is an option as it was given.
type Setting struct{ Name, Value string }

// Options are the values of an object's options, checked. The zero Options has none.
type Options struct {
	defs   []Option
	values map[string]string
}

// NewOptions checks settings against the definitions. what names the object in errors, as "cache c".
//
// Errors: 1210, naming the option, what is wrong with it and what is valid.
func NewOptions(what string, defs []Option, given []Setting) (Options, error) {
	o := Options{defs: defs, values: make(map[string]string, len(given))}
	for _, s := range given {
		d := find(defs, s.Name)
		if d == nil {
			return Options{}, unknownOption(what, defs, s.Name)
		}
		if _, twice := o.values[s.Name]; twice {
			return Options{}, base.Errorf(errno.WrongArguments, "%s: option %s is given twice", what, s.Name)
		}
		if why := d.check(s.Value); why != "" {
			return Options{}, base.Errorf(errno.WrongArguments, "%s: option %s = '%s' is not valid: it has to be %s", what, s.Name, d.shown(s.Value), why)
		}
		o.values[s.Name] = s.Value
	}
	for i := range defs {
		if _, ok := o.values[defs[i].Name]; defs[i].Required && !ok {
			return Options{}, base.Errorf(errno.WrongArguments, "%s needs the option %s", what, defs[i].Name)
		}
	}
	return o, nil
}

func find(defs []Option, name string) *Option {
	i := slices.IndexFunc(defs, func(d Option) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return &defs[i]
}

func unknownOption(what string, defs []Option, name string) error {
	if len(defs) == 0 {
		return base.Errorf(errno.WrongArguments, "%s has no option '%s': it takes none", what, name)
	}
	names := make([]string, len(defs))
	for i := range defs {
		names[i] = defs[i].Name
	}
	hint := ""
	if near := suggest.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "? "
	}
	slices.Sort(names)
	return base.Errorf(errno.WrongArguments, "%s has no option '%s'; %svalid: %s", what, name, hint, strings.Join(names, ", "))
}

// shown is a value as an error may show it.
func (d *Option) shown(v string) string {
	switch {
	case d.Type == Secret:
		return "…"
	case len(v) > 60:
		return v[:60] + "…"
	}
	return v
}

// check returns what the value has to be, "" when it is that.
func (d *Option) check(v string) string {
	n, ok := d.number(v)
	switch {
	case !ok:
		return typeNames[d.Type]
	case d.Type == Text && d.Values != nil && !slices.Contains(d.Values, strings.ToLower(v)):
		return "one of " + strings.Join(d.Values, ", ")
	case d.Type == Text || d.Type == Bool || d.Type == Secret:
		return ""
	case d.Min == 0 && d.Max == 0 && n < 0:
		return typeNames[d.Type] + " of at least 0"
	case (d.Min != 0 || d.Max != 0) && (n < d.Min || n > d.Max):
		return typeNames[d.Type] + " from " + d.bound(d.Min) + " to " + d.bound(d.Max)
	}
	return ""
}

func (d *Option) bound(f float64) string {
	if d.Type == Duration {
		return base.FormatDays(time.Duration(f * float64(time.Second)))
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// number reads a value; that of texts is 0.
func (d *Option) number(v string) (n float64, ok bool) {
	switch d.Type {
	case Bool:
		_, ok = truth(v)
		return 0, ok
	case Int:
		i, err := strconv.ParseInt(v, 10, 64)
		return float64(i), err == nil
	case Float:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case Duration:
		t, ok := duration(v)
		return t.Seconds(), ok
	case Size:
		i, ok := units.ParseSize(v)
		return float64(i), ok
	}
	return 0, true
}

func truth(v string) (value, ok bool) {
	switch strings.ToLower(v) {
	case "1", "true", "on", "yes":
		return true, true
	case "0", "false", "off", "no":
		return false, true
	}
	return false, false
}

func duration(v string) (time.Duration, bool) {
	if ms, err := strconv.ParseUint(v, 10, 40); err == nil {
		return time.Duration(ms) * time.Millisecond, true
	}
	return base.ParseDays(v)
}

// get returns the value of an option, or its default.
func (o Options) get(name string) (d *Option, v string) {
	d = find(o.defs, name)
	if d == nil {
		panic("plugins: no option " + name + " is defined")
	}
	v, ok := o.values[name]
	if !ok {
		v = d.Default
	}
	return d, v
}

// Given reports whether an option was given a value.
func (o Options) Given(name string) bool {
	_, ok := o.values[name]
	return ok
}

// Text returns the value of an option as it was given; of one with a list of values, in lower case.
func (o Options) Text(name string) string {
	d, v := o.get(name)
	if d.Values != nil {
		return strings.ToLower(v)
	}
	return v
}

// Bool returns the value of a Bool.
func (o Options) Bool(name string) bool {
	_, v := o.get(name)
	b, _ := truth(v)
	return b
}

// Int returns the value of an Int or, in bytes, of a Size.
func (o Options) Int(name string) int64 {
	d, v := o.get(name)
	if d.Type == Size {
		n, _ := units.ParseSize(v)
		return n
	}
	n, _ := strconv.ParseInt(v, 10, 64)
	return n
}

// Float returns the value of a Float.
func (o Options) Float(name string) float64 {
	_, v := o.get(name)
	f, _ := strconv.ParseFloat(v, 64)
	return f
}

// Duration returns the value of a Duration.
func (o Options) Duration(name string) time.Duration {
	_, v := o.get(name)
	d, _ := duration(v)
	return d
}
