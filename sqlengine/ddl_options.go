package sqlengine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// tableOption takes an option of a table. Those about a server's files have no meaning here and are kept for SHOW.
func tableOption(t *catalog.Table, o ast.Option) error {
	text := optionText(&o)
	switch o.Name {
	case "comment":
		t.Comment = text
	case "ttl":
		t.TTL = strings.TrimSpace(text)
	case "collate":
		return setCollation(t, text)
	case "charset":
		if !knownCharset(text) && !strings.EqualFold(text, "default") {
			return base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", text)
		}
	case "row_format", "key_block_size", "compression", "stats_persistent", "stats_auto_recalc", "stats_sample_pages", "avg_row_length",
		"max_rows", "min_rows", "pack_keys", "checksum", "delay_key_write":
		keepOption(t, o.Name, text)
	}
	return nil
}

// optionText returns the value of an option as text.
func optionText(o *ast.Option) string {
	if l, ok := o.Value.(*ast.Literal); ok {
		return expr.Format(l.Value, l.Type)
	}
	return ""
}

// keepOption keeps an option for SHOW CREATE TABLE. DEFAULT and 0 take it away.
func keepOption(t *catalog.Table, name, text string) {
	name = strings.ToUpper(name)
	t.Options = slices.DeleteFunc(t.Options, func(o catalog.Option) bool { return o.Name == name })
	switch {
	case strings.EqualFold(text, "default"), text == "0" && !strings.HasPrefix(name, "STATS"):
		return
	case name == "COMPRESSION":
		text = catalog.QuoteString(text)
	default:
		text = strings.ToUpper(text)
	}
	t.Options = append(t.Options, catalog.Option{Name: name, SQL: text})
}

// setCollation sets the default collation of a table; "" is the database's.
func setCollation(t *catalog.Table, name string) error {
	if name != "" && !expr.KnownCollation(name) {
		return base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", name)
	}
	t.Collation = name
	return nil
}

// optionNumber returns the value of an option that is a number.
func optionNumber(o *ast.Option) (uint64, error) {
	if l, ok := o.Value.(*ast.Literal); ok {
		if n, err := strconv.ParseUint(expr.Format(l.Value, l.Type), 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, base.Errorf(errno.Parse, "You have an error in your SQL syntax: %s wants a number", strings.ToUpper(o.Name))
}

func knownCharset(name string) bool {
	switch strings.ToLower(name) {
	case "utf8mb4", "utf8", "utf8mb3", "binary", "ascii", "latin1":
		return true
	}
	return false
}
