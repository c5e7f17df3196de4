package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// sampleColumns and sampleRows have what each format has to mind.
func sampleColumns() []column {
	return []column{newColumn("id", "UNSIGNED BIGINT"), newColumn("name", "VARCHAR"), newColumn("price", "DECIMAL"),
		newColumn("raw", "VARBINARY"), newColumn("doc", "JSON")}
}

func sampleRows() [][]any {
	return [][]any{
		{uint64(math.MaxUint64), []byte("日本"), []byte("1.10"), []byte{0, 0xff}, []byte(`{"a": [1]}`)},
		{int64(7), []byte("a \"b\",\r\nc\x1b[31m"), nil, []byte("text"), nil},
		{int64(-1), []byte(""), []byte("-20.00"), nil, []byte("[]")},
	}
}

func layOut(t *testing.T, name string, columns []column, rows [][]any) string {
	t.Helper()
	var b strings.Builder
	f := newFormat(name)
	err := f.begin(&b, columns)
	for _, r := range rows {
		cells := make([]cell, len(r))
		for i, v := range r {
			cells[i] = columns[i].cell(v)
		}
		if err == nil {
			err = f.row(&b, cells)
		}
	}
	if err == nil {
		err = f.end(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"table": `
+----------------------+------------------------+--------+------------+------------+
| id                   | name                   | price  | raw        | doc        |
+----------------------+------------------------+--------+------------+------------+
| 18446744073709551615 | 日本                   |   1.10 | 0x00ff     | {"a": [1]} |
|                    7 | a "b",\r\nc\x1b[31m    |   NULL | 0x74657874 | NULL       |
|                   -1 |                        | -20.00 | NULL       | []         |
+----------------------+------------------------+--------+------------+------------+
`,
		"vertical": `
*************************** 1. row ***************************
   id: 18446744073709551615
 name: 日本
price: 1.10
  raw: 0x00ff
  doc: {"a": [1]}
*************************** 2. row ***************************
   id: 7
 name: a "b",\r
c\x1b[31m
price: NULL
  raw: 0x74657874
  doc: NULL
*************************** 3. row ***************************
   id: -1
 name: ` + `
price: -20.00
  raw: NULL
  doc: []
`,
		"csv": "\nid,name,price,raw,doc\r\n18446744073709551615,日本,1.10,0x00ff,\"{\"\"a\"\": [1]}\"\r\n" +
			"7,\"a \"\"b\"\",\r\nc\x1b[31m\",,0x74657874,\r\n-1,\"\",-20.00,,[]\r\n",
		"json": `
[
 {"id": 18446744073709551615, "name": "日本", "price": 1.10, "raw": "0x00ff", "doc": {"a": [1]}},
 {"id": 7, "name": "a \"b\",\r\nc\u001b[31m", "price": null, "raw": "0x74657874", "doc": null},
 {"id": -1, "name": "", "price": -20.00, "raw": null, "doc": []}
]
`}
	for _, name := range formatNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := "\n" + layOut(t, name, sampleColumns(), sampleRows())
			if name == "table" { // the width of the second column is the text's own affair
				got, want["table"] = squeeze(got), squeeze(want["table"])
			}
			if got != want[name] {
				t.Errorf("got %s\nwant %s", got, want[name])
			}
		})
	}
}

func squeeze(s string) string {
	for strings.Contains(s, "  ") || strings.Contains(s, "---") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "  ", " "), "---", "--")
	}
	return s
}

func TestFormatsAreReadByOthers(t *testing.T) {
	t.Parallel()
	records, err := csv.NewReader(strings.NewReader(layOut(t, "csv", sampleColumns(), sampleRows()))).ReadAll()
	if err != nil || len(records) != 4 || records[2][1] != "a \"b\",\nc\x1b[31m" {
		t.Errorf("csv: %q, %v", records, err)
	}
	for _, rows := range [][][]any{sampleRows(), nil} {
		var objects []map[string]any
		if err := json.Unmarshal([]byte(layOut(t, "json", sampleColumns(), rows)), &objects); err != nil || len(objects) != len(rows) {
			t.Errorf("json: %v, %v", objects, err)
		}
	}
}

func TestTableLinesHaveOneWidth(t *testing.T) {
	t.Parallel()
	rows := [][]any{{"a"}, {"日本語"}, {"👩‍👩‍👧 x"}, {"é"}, {"e\u0301"}, {strings.Repeat("長", 400)}, {strings.Repeat("x", cellMax)}, {"\u202eabc"}}
	lines := strings.Split(strings.TrimSpace(layOut(t, "table", []column{newColumn("c", "TEXT")}, rows)), "\n")
	for _, l := range lines {
		if width(l) != width(lines[0]) {
			t.Errorf("%d columns, not %d: %s", width(l), width(lines[0]), l)
		}
	}
	if w := width(lines[0]); w > cellMax+4 {
		t.Errorf("the table is %d wide", w)
	}
	if !strings.Contains(lines[8], "…") || strings.Contains(lines[9], "…") {
		t.Error("a value is cut when it is wider than the most, and only then")
	}
}

// TestTableGoesOnBeyondItsSample prints more rows than are held.
func TestTableGoesOnBeyondItsSample(t *testing.T) {
	t.Parallel()
	for _, n := range []int{tableSample - 1, tableSample, tableSample + 1, 2*tableSample + 5} {
		rows := make([][]any, n)
		for i := range rows {
			rows[i] = []any{int64(i)}
		}
		out := layOut(t, "table", []column{newColumn("n", "INT")}, rows)
		if got := strings.Count(out, "\n"); got != n+4 {
			t.Errorf("%d rows make %d lines", n, got)
		}
		if !strings.Contains(out, fmt.Sprintf(" %d |\n+", n-1)) {
			t.Errorf("%d rows: the last is not there", n)
		}
	}
	if out := layOut(t, "table", []column{newColumn("n", "INT")}, nil); out != "" {
		t.Errorf("an empty result prints %q", out)
	}
}

func TestFloatText(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]float64{"0": 0, "1.5": 1.5, "0.0000148": 1.48e-5, "1e15": 1e15, "-1.5e-16": -1.5e-16,
		"999999999999999": 999999999999999, "1e308": 1e308, "0.1": 0.1} {
		if got := floatText(v, 64); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
	if got := floatText(float64(float32(0.1)), 32); got != "0.1" {
		t.Errorf("a FLOAT of 0.1 is %s", got)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]float64{"$0": 0, "$0.0000004": 4e-7, "$0.000005": 5e-6, "$0.000395": 0.0003952,
		"$0.000015": 1.4999999999999999e-5, "$0.5": 0.5, "$12.34": 12.344, "$1234.5": 1234.5, "$200": 200} {
		if got := usd(v); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
	for want, d := range map[string]time.Duration{"0.0 ms": 12 * time.Microsecond, "1.2 ms": 1240 * time.Microsecond, "10 ms": 9960 * time.Microsecond,
		"250 ms": 250 * time.Millisecond, "1.00 s": 999600 * time.Microsecond, "61.00 s": 61 * time.Second} {
		if got := duration(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
