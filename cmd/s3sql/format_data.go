package main

import (
	"encoding/json"
	"io"
	"strings"
)

// csvFormat follows RFC 4180, with a header line. NULL is an empty field, an empty text is "".
type csvFormat struct{}

func (f *csvFormat) begin(w io.Writer, columns []column) error {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		csvField(&b, c.name)
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *csvFormat) row(w io.Writer, cells []cell) error {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if !c.null {
			csvField(&b, c.text)
		}
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *csvFormat) end(io.Writer) error { return nil }

func csvField(b *strings.Builder, s string) {
	if s != "" && !strings.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		b.WriteString(s)
		return
	}
	b.WriteString(`"` + strings.ReplaceAll(s, `"`, `""`) + `"`)
}

// jsonFormat is one array of objects, an object a line. Numbers have all their digits, DECIMAL and BIGINT too; JSON
// documents stand as they are; times are text, bytes are text in hexadecimal.
type jsonFormat struct {
	columns []column
	names   []string // as JSON
	n       int
}

func (f *jsonFormat) begin(w io.Writer, columns []column) error {
	f.columns = columns
	for _, c := range columns {
		name, err := jsonText(c.name)
		if err != nil {
			return err
		}
		f.names = append(f.names, name)
	}
	_, err := io.WriteString(w, "[")
	return err
}

func (f *jsonFormat) row(w io.Writer, cells []cell) error {
	var b strings.Builder
	if f.n > 0 {
		b.WriteByte(',')
	}
	f.n++
	b.WriteString("\n {")
	for i, c := range cells {
		if i > 0 {
			b.WriteString(", ")
		}
		value, err := f.value(f.columns[i], c)
		if err != nil {
			return err
		}
		b.WriteString(f.names[i] + ": " + value)
	}
	b.WriteByte('}')
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *jsonFormat) value(col column, c cell) (string, error) {
	switch {
	case c.null:
		return "null", nil
	case (c.number || col.json) && json.Valid([]byte(c.text)):
		return c.text, nil
	}
	return jsonText(c.text)
}

func (f *jsonFormat) end(w io.Writer) error {
	if f.n > 0 {
		_, err := io.WriteString(w, "\n]\n")
		return err
	}
	_, err := io.WriteString(w, "]\n")
	return err
}

func jsonText(s string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n"), err
}
