package infoschema

import (
	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
)

// partitions lists the partitions of tables; a table that has none is one row without a name.
var partitions = definition{
	name: "PARTITIONS",
	columns: join(names("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "PARTITION_NAME", "SUBPARTITION_NAME"), cols(
		unsigned("PARTITION_ORDINAL_POSITION", base.TypeInt), unsigned("SUBPARTITION_ORDINAL_POSITION", base.TypeInt),
		text("PARTITION_METHOD", 13), text("SUBPARTITION_METHOD", 13), text("PARTITION_EXPRESSION", 2048),
		text("SUBPARTITION_EXPRESSION", 2048), of("PARTITION_DESCRIPTION", base.TypeText), unsigned("TABLE_ROWS", base.TypeBigInt),
		unsigned("AVG_ROW_LENGTH", base.TypeBigInt), unsigned("DATA_LENGTH", base.TypeBigInt), unsigned("MAX_DATA_LENGTH", base.TypeBigInt),
		unsigned("INDEX_LENGTH", base.TypeBigInt), unsigned("DATA_FREE", base.TypeBigInt), required(of("CREATE_TIME", base.TypeTimestamp)),
		of("UPDATE_TIME", base.TypeDateTime), of("CHECK_TIME", base.TypeDateTime), of("CHECKSUM", base.TypeBigInt),
		required(of("PARTITION_COMMENT", base.TypeText)), text("NODEGROUP", 256), text("TABLESPACE_NAME", 268))),
	keys: schemaAndTable,
	rows: perTable(func(r *reader, t *catalog.Table) (out [][]base.Value) {
		for i, part := range t.PartTables() {
			null := base.Value{}
			row := []base.Value{str(catalogName), str(r.Database()), str(t.Name)}
			comment, group := "", null
			if p := t.Partitioning; p != nil {
				q := &p.Parts[i]
				comment, group = q.Comment, str("default")
				described := null
				if d := q.Description(p); d != "" {
					described = str(d)
				}
				row = append(row, str(q.Name), null, num(i+1), null, str(p.MethodName()), null, str(p.Expression(t)), null, described)
			} else {
				row = append(row, null, null, null, null, null, null, null, null, null)
			}
			row = append(row, tableSizes(r, []*catalog.Table{part})...)
			out = append(out, append(row, base.NewDateTime(t.CreatedMicros/1e6*1e6), null, null, null, str(comment), group, null))
		}
		return out
	}),
}
