package catalog

import (
	"strconv"
	"strings"
)

// CreateObjectSQL writes the statement that makes o; secrets are '***'.
func CreateObjectSQL(o *Object) string {
	var b strings.Builder
	b.WriteString("CREATE " + o.Kind + " " + QuoteName(o.Name))
	switch {
	case o.Flow != nil:
		b.WriteString(" TO " + o.Flow.Target)
		if o.Flow.Address.given() {
			b.WriteString(" " + o.Flow.Address.text())
		}
	case o.All:
		b.WriteString(" ON ALL TABLES")
		if len(o.Except) > 0 {
			b.WriteString(" EXCEPT " + quoteNames(o.Except))
		}
	case len(o.Tables) > 0:
		b.WriteString(" ON " + quoteNames(o.Tables))
	case o.On != "":
		b.WriteString(" ON METRIC " + o.On)
	}
	if len(o.For) > 0 {
		b.WriteString(" FOR " + strings.Join(o.For, ", "))
	}
	if o.Text.given() {
		b.WriteString(" AS " + o.Text.sql())
	}
	for i, s := range o.Options {
		b.WriteString(map[bool]string{true: " WITH (", false: ", "}[i == 0] + s.Name + " = " + s.sql())
	}
	if len(o.Options) > 0 {
		b.WriteString(")")
	}
	if o.Flow != nil {
		b.WriteString(" (")
		for i := range o.Flow.Items {
			b.WriteString(map[bool]string{true: "\n  ", false: ",\n  "}[i == 0] + o.Flow.Items[i].sql())
		}
		b.WriteString("\n)")
	}
	return b.String()
}

func (it *FlowItem) sql() string {
	s := "ALL TABLES"
	if it.Table != "" {
		s = "TABLE " + QuoteName(it.Table)
	}
	if len(it.Except) > 0 {
		s += " EXCEPT " + quoteNames(it.Except)
	}
	if it.Into != "" {
		s += " INTO " + QuoteName(it.Into)
	}
	if it.For != nil {
		s += " FOR " + strings.Join(it.For, ", ")
	}
	if it.Select != "" {
		s += " AS SELECT " + it.Select
	}
	if it.Where != "" {
		s += " WHERE " + it.Where
	}
	return s
}

func (s *ObjectSetting) given() bool { return s.Value != "" || s.Sealed != nil || s.Secret != "" }

func (s *ObjectSetting) sql() string {
	switch {
	case s.Secret != "":
		return "SECRET " + QuoteName(s.Secret)
	case s.Sealed != nil:
		return "'***'"
	}
	if _, err := strconv.ParseFloat(s.Value, 64); err == nil {
		return s.Value
	}
	return QuoteString(s.Value)
}

// text is sql of a setting that is never a number.
func (s *ObjectSetting) text() string {
	if s.Secret != "" || s.Sealed != nil {
		return s.sql()
	}
	return QuoteString(s.Value)
}

func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = QuoteName(n)
	}
	return strings.Join(quoted, ", ")
}
