package expr

import (
	"encoding/json"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// prettyJSON prints a document on several lines, two spaces a level; what is empty stays on its line.
func prettyJSON(v any) string {
	var b strings.Builder
	pretty(&b, v, "\n")
	return b.String()
}

func pretty(b *strings.Builder, v any, indent string) {
	inner := indent + "  "
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			break
		}
		for i, x := range v {
			b.WriteByte("[,"[min(i, 1)])
			b.WriteString(inner)
			pretty(b, x, inner)
		}
		b.WriteString(indent + "]")
		return
	case map[string]any:
		if len(v) == 0 {
			break
		}
		for i, k := range convert.SortedKeys(v) {
			b.WriteByte("{,"[min(i, 1)])
			b.WriteString(inner + convert.JSONQuote(k) + ": ")
			pretty(b, v[k], inner)
		}
		b.WriteString(indent + "}")
		return
	}
	b.WriteString(convert.FormatJSON(v))
}

// storageSize is the bytes that a value takes in MySQL's binary form of JSON, the byte of its type apart.
//
// Source: MySQL's WL#8132, "JSON datatype and binary storage format".
func storageSize(v any) int64 {
	switch v := v.(type) {
	case string:
		return lengthSize(len(v)) + int64(len(v))
	case json.Number:
		return numberSize(string(v))
	case []any:
		return containerSize(v, nil)
	case map[string]any:
		keys := convert.SortedKeys(v)
		list := make([]any, len(keys))
		for i, k := range keys {
			list[i] = v[k]
		}
		return containerSize(list, keys)
	}
	return 1 // null, true, false
}

// lengthSize is the bytes of a length, seven bits a byte.
func lengthSize(n int) int64 {
	size := int64(1)
	for ; n > 127; n >>= 7 {
		size++
	}
	return size
}

func numberSize(s string) int64 {
	if coef, scale, _, ok := base.ParseDecimal(s); ok && scale == 0 && !strings.ContainsAny(s, ".eE") {
		if n, fits := coef.Int64(); fits {
			switch {
			case n == int64(int16(n)) || n == int64(uint16(n)):
				return 2
			case n == int64(int32(n)) || n == int64(uint32(n)):
				return 4
			}
		}
	}
	return 8
}

// containerSize is an array's size, or with keys an object's: counts, entries, names, and what is not inside the entries.
func containerSize(list []any, keys []string) int64 {
	size := func(offset int64, inlined func(any) bool) int64 {
		n := 2*offset + int64(len(list))*(1+offset) + int64(len(keys))*(offset+2)
		for _, k := range keys {
			n += int64(len(k))
		}
		for _, v := range list {
			if !inlined(v) {
				n += storageSize(v)
			}
		}
		return n
	}
	small := size(2, func(v any) bool { return inlines(v, 2) })
	if small <= 65535 {
		return small
	}
	return size(4, func(v any) bool { return inlines(v, 4) })
}

// inlines reports whether a value fits its entry of width bytes.
func inlines(v any, width int64) bool {
	switch v := v.(type) {
	case nil, bool:
		return true
	case json.Number:
		return numberTypeName(string(v)) != "DOUBLE" && numberSize(string(v)) <= width
	}
	return false
}
