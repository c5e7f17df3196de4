package convert

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"sort"
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

// CodeInvalidJSON is MySQL's error for a text that is not JSON.
var CodeInvalidJSON = base.Code{Number: 3140, State: "22032", Kind: base.KindInvalid}

// NormalizeJSON returns the text that MySQL prints for a document: keys by length, then bytes; ", " and ": " between.
func NormalizeJSON(text string) (string, *JSONError) {
	v, err := ParseJSON(text)
	if err != nil {
		return "", err
	}
	return FormatJSON(v), nil
}

// FormatJSON returns the normalised text of a tree made by ParseJSON.
func FormatJSON(v any) string {
	var b bytes.Buffer
	writeJSON(&b, v)
	return b.String()
}

func writeJSON(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case string:
		b.WriteString(JSONQuote(v))
	case json.Number:
		b.WriteString(string(v))
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSON(b, x)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range SortedKeys(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(JSONQuote(k))
			b.WriteString(": ")
			writeJSON(b, v[k])
		}
		b.WriteByte('}')
	}
}

// FloatJSON prints a double inside a document.
func FloatJSON(f float64) string {
	text := string(AppendFloat(nil, f, 64))
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// JSONQuote returns s as a JSON string.
func JSONQuote(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= 0x20:
			b = append(b, c)
		default:
			if k := strings.IndexByte("\b\f\n\r\t", c); k >= 0 {
				b = append(b, '\\', "bfnrt"[k])
			} else {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
	}
	return string(append(b, '"'))
}

// JSONUnquote returns what a JSON string holds, and any other document as it is.
func JSONUnquote(text string) string {
	if len(text) < 2 || text[0] != '"' {
		return text
	}
	if s, err := ParseJSON(text); err == nil {
		return s.(string)
	}
	return text
}

// ToJSONTree returns v, of type t, as a part of a document.
func ToJSONTree(v base.Value, t base.Type) (any, *JSONError) {
	switch v.Class() {
	case base.Null:
		return nil, nil
	case base.JSON:
		return ParseStoredJSON(v.Text())
	case base.Int:
		if t.Bool && v.Int() == 1 {
			return true, nil
		} else if t.Bool && v.Int() == 0 {
			return false, nil
		}
		return json.Number(Format(v, t)), nil
	case base.Uint:
		if t.ID != base.TypeEnum && t.ID != base.TypeSet && t.ID != base.TypeBit {
			return json.Number(Format(v, t)), nil
		}
	case base.Decimal:
		return json.Number(Format(v, t)), nil
	case base.Float:
		return json.Number(FloatJSON(v.Float())), nil
	case base.DateTime:
		return string(base.AppendDateTime(nil, v.Int(), 6)), nil
	case base.Time:
		return string(base.AppendTime(nil, v.Int(), 6)), nil
	case base.Bytes:
		if t.ID != base.TypeUUID {
			return "base64:type254:" + base64.StdEncoding.EncodeToString([]byte(v.Text())), nil
		}
	}
	return Format(v, t), nil
}

func toJSON(v base.Value, from base.Type) (base.Value, error) {
	if v.Class() == base.String {
		text, err := NormalizeJSON(v.Text())
		if err != nil {
			return base.Value{}, err.InArgument(1, "cast_as_json")
		}
		return base.NewJSON(text), nil
	}
	tree, err := ToJSONTree(v, from)
	if err != nil {
		return base.Value{}, base.Errorf(CodeInvalidJSON, "Invalid JSON text: %s", err)
	}
	return base.NewJSON(FormatJSON(tree)), nil
}

// jsonRank orders the kinds of JSON values as MySQL does, lowest first.
func jsonRank(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case json.Number:
		return 1
	case string:
		return 2
	case map[string]any:
		return 3
	case []any:
		return 4
	}
	return 5 // booleans
}

// CompareJSON orders two normalised documents: by kind, then by value. Objects are only equal or not; their order is that
// of their text.
func CompareJSON(a, b string) int {
	if a == b {
		return 0
	}
	x, errX := ParseStoredJSON(a)
	y, errY := ParseStoredJSON(b)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return CompareJSONTree(x, y)
}

// CompareJSONTree is CompareJSON of two trees.
func CompareJSONTree(a, b any) int {
	if ra, rb := jsonRank(a), jsonRank(b); ra != rb {
		return compareInts(ra, rb)
	}
	switch x := a.(type) {
	case json.Number:
		return compareNumbers(string(x), string(b.(json.Number)))
	case string:
		return strings.Compare(x, b.(string))
	case bool:
		return strings.Compare(strconv.FormatBool(x), strconv.FormatBool(b.(bool)))
	case []any:
		y := b.([]any)
		for i := range min(len(x), len(y)) {
			if c := CompareJSONTree(x[i], y[i]); c != 0 {
				return c
			}
		}
		return compareInts(len(x), len(y))
	case map[string]any:
		return strings.Compare(FormatJSON(a), FormatJSON(b))
	}
	return 0
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareNumbers(a, b string) int {
	ac, as, _, aok := base.ParseDecimal(a)
	bc, bs, _, bok := base.ParseDecimal(b)
	if aok && bok {
		return base.CompareDecimal(ac, as, bc, bs)
	}
	x, _ := ParseFloat(a)
	y, _ := ParseFloat(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// SortedKeys returns the member names of an object in MySQL's order: by length, then bytes.
func SortedKeys(v map[string]any) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if len(keys[i]) != len(keys[j]) {
			return len(keys[i]) < len(keys[j])
		}
		return keys[i] < keys[j]
	})
	return keys
}
