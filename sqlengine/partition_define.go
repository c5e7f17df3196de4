package sqlengine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// maxPartitionFields is how many columns COLUMNS and KEY can have.
const maxPartitionFields = 16

// partitionTable makes the partitioning of a table whose columns and keys are complete.
//
// What MySQL finds while it parses is error 1064 with the text of another.
//
// Errors: 1054, 1064, 1479, 1480, 1481, 1486, 1488, 1491 to 1495, 1499, 1502, 1503, 1517, 1563, 1564, 1566, 1652 to 1655, 1657, 1659, 1697.
func (r *run) partitionTable(t *catalog.Table, by *ast.PartitionBy) error {
	p := &catalog.Partitioning{Method: by.Method, Linear: by.Linear}
	if by.Algorithm == 1 {
		p.Algorithm = 1
	}
	t.Partitioning = p
	if by.ByColumns {
		if err := partitionColumns(t, by); err != nil {
			return err
		}
	} else {
		if err := checkPartitionFunction(by.Expr); err != nil {
			return err
		}
		p.SQL = normalExpr(by.Expr)
	}
	if err := r.checkPartitioning(t); err != nil {
		return err
	}
	if err := r.definePartitions(t, by); err != nil {
		return err
	}
	return r.partitionKeys(t)
}

// partitionColumns resolves the columns of COLUMNS and KEY.
func partitionColumns(t *catalog.Table, by *ast.PartitionBy) error {
	p := t.Partitioning
	if p.Implicit = len(by.Columns) == 0; p.Implicit {
		return implicitColumns(t)
	}
	if len(by.Columns) > maxPartitionFields {
		return base.Errorf(errno.PartitionTooManyFields, "Too many fields in 'list of partition fields'")
	}
	for _, name := range by.Columns {
		c, _ := t.Column(name)
		if c == nil {
			return missingPartitionField()
		}
		if slices.Contains(p.Columns, c.ID) {
			return base.Errorf(errno.PartitionSameField, "Duplicate partition field name '%s'", name)
		}
		p.Columns = append(p.Columns, c.ID)
	}
	return nil
}

func missingPartitionField() error {
	return base.Errorf(errno.PartitionFieldMissing, "Field in list of fields for partition function not found in table")
}

// implicitColumns are those of KEY (): the primary key's, or those of the first unique key without NULL.
func implicitColumns(t *catalog.Table) error {
	parts := t.Primary
	if catalog.HiddenKey(t) {
		parts = nil
		for _, ix := range catalog.SortedIndexes(t) {
			if ix.Unique && !slices.ContainsFunc(ix.Parts, func(k catalog.KeyPart) bool { return !t.Columns[t.ColumnByID(k.Column)].NotNull }) {
				parts = ix.Parts
				break
			}
		}
	}
	t.Partitioning.Columns = nil
	for _, k := range parts {
		t.Partitioning.Columns = append(t.Partitioning.Columns, k.Column)
	}
	if len(parts) == 0 {
		return missingPartitionField()
	}
	return nil
}

// checkPartitioning checks that the columns of a partitioning have types that it can divide by, and its expression gives integers.
func (r *run) checkPartitioning(t *catalog.Table) error {
	p := t.Partitioning
	if !p.ByColumns() {
		return r.checkPartitionExpr(t)
	}
	for _, id := range p.Columns {
		i := t.ColumnByID(id)
		if i < 0 {
			return missingPartitionField()
		}
		c := &t.Columns[i]
		switch {
		case !catalog.Defaultable(c.Type):
			return base.Errorf(errno.PartitionBlob, "A BLOB field is not allowed in partition function")
		case p.Method != catalog.PartitionKey && !columnsType(c.Type):
			return base.Errorf(errno.PartitionFieldType, "Field '%s' is of a not allowed type for this type of partitioning", c.Name)
		}
	}
	return nil
}

// columnsType reports whether COLUMNS can divide by a type (MySQL 8.0 manual, "COLUMNS Partitioning").
func columnsType(t base.Type) bool {
	switch t.ID {
	case base.TypeTinyInt, base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt, base.TypeDate, base.TypeDateTime,
		base.TypeChar, base.TypeVarchar, base.TypeBinary, base.TypeVarbinary:
		return true
	}
	return false
}

// partitionKeys checks that every unique key has all columns of the partitioning: so its keys are unique if they are so in each
// partition. Error 1503.
func (r *run) partitionKeys(t *catalog.Table) error {
	used, err := r.partitionFields(t)
	if err != nil {
		return err
	}
	complete := func(parts []catalog.KeyPart) bool {
		for _, id := range used {
			if !slices.ContainsFunc(parts, func(k catalog.KeyPart) bool { return k.Column == id && k.Prefix == 0 }) {
				return false
			}
		}
		return true
	}
	what := ""
	if !catalog.HiddenKey(t) && !complete(t.Primary) {
		what = "PRIMARY KEY"
	}
	for i := range t.Indexes {
		if what == "" && t.Indexes[i].Unique && !complete(t.Indexes[i].Parts) {
			what = "UNIQUE INDEX"
		}
	}
	if what != "" {
		return base.Errorf(errno.PartitionUniqueKey,
			"A %s must include all columns in the table's partitioning function (prefixed columns are not considered).", what)
	}
	return nil
}

// definePartitions makes the partitions that PARTITION BY lists or counts.
func (r *run) definePartitions(t *catalog.Table, by *ast.PartitionBy) error {
	p := t.Partitioning
	hashed := p.Method == catalog.PartitionHash || p.Method == catalog.PartitionKey
	switch {
	case len(by.Parts) > 0 && by.Count > 0 && by.Count != len(by.Parts):
		return base.Errorf(errno.Parse, "Wrong number of partitions defined, mismatch with previous setting")
	case len(by.Parts) == 0 && !hashed:
		return base.Errorf(errno.PartitionsMustBeDefined, "For %s partitions each partition must be defined", p.Method)
	case max(len(by.Parts), by.Count) > catalog.MaxPartitions:
		return tooManyPartitions()
	}
	if len(by.Parts) > 0 {
		p.Listed = hashed
		parts, err := r.partitions(t, by.Parts)
		if err != nil {
			return err
		}
		p.Parts = parts
		return r.checkPartitions(t)
	}
	addDefaultPartitions(p, max(by.Count, 1))
	return nil
}

func tooManyPartitions() error {
	return base.Errorf(errno.TooManyPartitions, "Too many partitions (including subpartitions) were defined")
}

// addDefaultPartitions adds n partitions under the names that MySQL gives: p0, p1, …
func addDefaultPartitions(p *catalog.Partitioning, n int) {
	for range n {
		p.Parts = append(p.Parts, catalog.Partition{Name: fmt.Sprintf("p%d", len(p.Parts))})
	}
}

// partitions makes partitions of their definitions.
func (r *run) partitions(t *catalog.Table, defs []ast.PartitionDef) ([]catalog.Partition, error) {
	out := make([]catalog.Partition, len(defs))
	for i := range defs {
		d := &defs[i]
		if err := partitionValuesFit(t.Partitioning.Method, d); err != nil {
			return nil, err
		}
		if strings.HasSuffix(d.Name, " ") || len([]rune(d.Name)) > 64 {
			return nil, base.Errorf(errno.WrongPartitionName, "Incorrect partition name")
		}
		q := catalog.Partition{Name: d.Name, Comment: d.Comment, MaxRows: d.MaxRows, MinRows: d.MinRows}
		v := partitionValues{r: r, t: t, part: d.Name}
		var err error
		if d.Less != nil {
			q.Less, err = v.less(d)
		}
		for _, row := range d.In {
			var in []catalog.Bound
			if in, err = v.in(row); err != nil {
				break
			}
			q.In = append(q.In, in)
		}
		if err != nil {
			return nil, err
		}
		if !t.Partitioning.ByColumns() { // MySQL keeps NULL apart from the integers
			slices.SortStableFunc(q.In, func(a, b []catalog.Bound) int {
				return map[bool]int{true: -1}[a[0].Value.IsNull()] - map[bool]int{true: -1}[b[0].Value.IsNull()]
			})
		}
		out[i] = q
	}
	return out, nil
}

// partitionValuesFit checks that a definition has the values that the method asks for. Errors 1479, 1480.
func partitionValuesFit(method string, d *ast.PartitionDef) error {
	switch {
	case method == catalog.PartitionRange && d.In == nil && d.Less == nil:
		return base.Errorf(errno.PartitionNeedsValues, "Syntax error: RANGE PARTITIONING requires definition of VALUES LESS THAN for each partition")
	case method == catalog.PartitionList && d.In == nil && d.Less == nil:
		return base.Errorf(errno.PartitionNeedsValues, "Syntax error: LIST PARTITIONING requires definition of VALUES IN for each partition")
	case d.Less != nil && method != catalog.PartitionRange:
		return base.Errorf(errno.PartitionWrongValues, "Only RANGE PARTITIONING can use VALUES LESS THAN in partition definition")
	case d.In != nil && method != catalog.PartitionList:
		return base.Errorf(errno.PartitionWrongValues, "Only LIST PARTITIONING can use VALUES IN in partition definition")
	}
	return nil
}

// checkPartitions checks what partitions have to be among each other: names that differ, ranges that follow one another, values
// that stand in one list. Errors 1481, 1493, 1495, 1499, 1517.
func (r *run) checkPartitions(t *catalog.Table) error {
	p := t.Partitioning
	if len(p.Parts) > catalog.MaxPartitions {
		return tooManyPartitions()
	}
	names := map[string]bool{}
	for i := range p.Parts {
		name := strings.ToLower(p.Parts[i].Name)
		if names[name] {
			return base.Errorf(errno.SamePartitionName, "Duplicate partition name %s", p.Parts[i].Name)
		}
		names[name] = true
	}
	f, err := r.partFunc(t)
	if err != nil {
		return err
	}
	last, seen := "", map[string]bool{}
	for i := range p.Parts {
		q := &p.Parts[i]
		if q.Less != nil {
			key := f.BoundKey(q.Less)
			if i > 0 && key <= last {
				if !p.ByColumns() && p.Parts[i-1].Less[0].Max {
					return base.Errorf(errno.PartitionMaxValue, "MAXVALUE can only be used in last partition definition")
				}
				return base.Errorf(errno.PartitionNotIncreasing, "VALUES LESS THAN value must be strictly increasing for each partition")
			}
			last = key
		}
		for _, row := range q.In {
			key := f.BoundKey(row)
			if seen[key] {
				return base.Errorf(errno.PartitionMultipleConst, "Multiple definition of same constant in list partitioning")
			}
			seen[key] = true
		}
	}
	return nil
}
