package infoschema

import (
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// schemata lists the databases.
var schemata = definition{
	name: "SCHEMATA",
	columns: join(names("CATALOG_NAME", "SCHEMA_NAME"), cols(required(text("DEFAULT_CHARACTER_SET_NAME", 64)),
		required(text("DEFAULT_COLLATION_NAME", 64)), binary("SQL_PATH"), required(enum("DEFAULT_ENCRYPTION", "NO", "YES")))),
	rows: func(r *reader) ([][]base.Value, error) {
		var out [][]base.Value
		add := func(name, charset, collation string) {
			out = append(out, []base.Value{str(catalogName), str(name), str(charset), str(collation), {}, num(1)})
		}
		add(Schema, "utf8mb3", nameCollation)
		cat, err := r.Catalog()
		if err != nil {
			return nil, err
		}
		add(r.Database(), CharsetOf(cat.Collation()), cat.Collation())
		for _, t := range r.Virtual() {
			if last := out[len(out)-1][1].Text(); t.Schema != Schema && t.Schema != last {
				add(t.Schema, "utf8mb4", catalog.DefaultCollation)
			}
		}
		slices.SortFunc(out, func(a, b []base.Value) int { return strings.Compare(a[1].Text(), b[1].Text()) })
		return out, nil
	},
}

// schemaAndTable are the positions of TABLE_SCHEMA and TABLE_NAME where TABLE_CATALOG comes first.
var schemaAndTable = []int{1, 2}

// tablesTable lists the tables.
var tablesTable = definition{
	name: "TABLES",
	columns: join(names("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME"), cols(
		required(enum("TABLE_TYPE", "BASE TABLE", "VIEW", "SYSTEM VIEW")), text("ENGINE", 64), of("VERSION", base.TypeInt),
		enum("ROW_FORMAT", "Fixed", "Dynamic", "Compressed", "Redundant", "Compact", "Paged"),
		unsigned("TABLE_ROWS", base.TypeBigInt), unsigned("AVG_ROW_LENGTH", base.TypeBigInt), unsigned("DATA_LENGTH", base.TypeBigInt),
		unsigned("MAX_DATA_LENGTH", base.TypeBigInt), unsigned("INDEX_LENGTH", base.TypeBigInt), unsigned("DATA_FREE", base.TypeBigInt),
		unsigned("AUTO_INCREMENT", base.TypeBigInt), required(of("CREATE_TIME", base.TypeTimestamp)), of("UPDATE_TIME", base.TypeDateTime),
		of("CHECK_TIME", base.TypeDateTime), text("TABLE_COLLATION", 64), of("CHECKSUM", base.TypeBigInt), text("CREATE_OPTIONS", 256),
		of("TABLE_COMMENT", base.TypeText))),
	keys: schemaAndTable,
	rows: func(r *reader) ([][]base.Value, error) {
		out, err := perTable(tableRows)(r)
		if err != nil {
			return nil, err
		}
		views, err := viewTableRows(r)
		if err != nil {
			return nil, err
		}
		out = append(out, views...)
		for _, t := range r.virtualTables() {
			null := base.Value{}
			out = append(out, []base.Value{str(catalogName), str(t.Schema), str(t.Name), num(tableSystemView), null, base.NewInt(10), null,
				num(0), num(0), num(0), num(0), num(0), num(0), null, null, null, null, null, null, str(""), str("")})
		}
		return out, nil
	},
}

// The elements of TABLE_TYPE.
const (
	tableBase = 1 + iota
	tableView
	tableSystemView
)

// rowFormatDynamic is the element of ROW_FORMAT that MySQL's default tables have.
const rowFormatDynamic = 2

func tableRows(r *reader, t *catalog.Table) [][]base.Value {
	null := base.Value{}
	auto, options := null, ""
	if t.Partitioning != nil {
		options = "partitioned"
	}
	if t.AutoIncrement != 0 {
		auto = base.NewUint(r.AutoInc(t.ID) + 1)
	}
	if t.TTL != "" {
		options = strings.TrimSpace(options + " ttl=" + catalog.QuoteString(t.TTL))
	}
	created := base.NewDateTime(t.CreatedMicros / 1e6 * 1e6)
	row := []base.Value{str(catalogName), str(r.Database()), str(t.Name), num(tableBase), str(EngineName), base.NewInt(10),
		num(rowFormatDynamic)}
	row = append(row, tableSizes(r, t.PartTables())...)
	return [][]base.Value{append(row, auto, created, null, null, str(tableCollation(t)), null, str(options), str(t.Comment))}
}

// tableSizes are the columns from TABLE_ROWS to DATA_FREE of tables or partitions together.
func tableSizes(r *reader, parts []*catalog.Table) []base.Value {
	rows, bytes, average, index := 0, 0, 0, 0
	for _, t := range parts {
		rows, bytes = rows+r.RowCount(t.ID), bytes+r.ByteCount(t.ID)
		for i := range t.Indexes {
			index += r.ByteCount(t.Indexes[i].ID)
		}
	}
	if rows > 0 {
		average = bytes / rows
	}
	return []base.Value{num(rows), num(average), num(bytes), num(0), num(index), num(0)}
}

func tableCollation(t *catalog.Table) string {
	if t.Collation != "" {
		return t.Collation
	}
	return catalog.DefaultCollation
}

// CharsetOf returns the character set of a collation: what stands before the first underscore.
func CharsetOf(collation string) string {
	set, _, _ := strings.Cut(collation, "_")
	return set
}

// tablesExtensions, columnsExtensions and constraintsExtensions hold attributes for engines, of which there are none.
var tablesExtensions = definition{
	name: "TABLES_EXTENSIONS",
	columns: join(names("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME"), cols(of("ENGINE_ATTRIBUTE", base.TypeJSON),
		of("SECONDARY_ENGINE_ATTRIBUTE", base.TypeJSON))),
	keys: schemaAndTable,
	rows: perTable(func(r *reader, t *catalog.Table) [][]base.Value {
		return [][]base.Value{{str(catalogName), str(r.Database()), str(t.Name), {}, {}}}
	}),
}

var columnsExtensions = definition{
	name: "COLUMNS_EXTENSIONS",
	columns: join(names("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME"), cols(of("ENGINE_ATTRIBUTE", base.TypeJSON),
		of("SECONDARY_ENGINE_ATTRIBUTE", base.TypeJSON))),
	keys: schemaAndTable,
	rows: perTable(func(r *reader, t *catalog.Table) (out [][]base.Value) {
		for i := range t.Columns {
			if c := &t.Columns[i]; !c.Hidden {
				out = append(out, []base.Value{str(catalogName), str(r.Database()), str(t.Name), str(c.Name), {}, {}})
			}
		}
		return out
	}),
}

var constraintsExtensions = definition{
	name: "TABLE_CONSTRAINTS_EXTENSIONS",
	columns: join(names("CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "TABLE_NAME"), cols(
		of("ENGINE_ATTRIBUTE", base.TypeJSON), of("SECONDARY_ENGINE_ATTRIBUTE", base.TypeJSON))),
	rows: perTable(func(r *reader, t *catalog.Table) (out [][]base.Value) {
		for _, k := range keysOf(t) {
			out = append(out, []base.Value{str(catalogName), str(r.Database()), str(k.name), str(t.Name), {}, {}})
		}
		return out
	}),
}
