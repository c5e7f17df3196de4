package parse

import (
	"strings"

	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// maxPartitionNumber bounds the numbers in PARTITIONS n; the limit on partitions is checked where the table is made.
const maxPartitionNumber = 1 << 30

// partitionBy reads PARTITION BY …
func (p *parser) partitionBy() *ast.PartitionBy {
	b := &ast.PartitionBy{At: p.at()}
	p.expect("PARTITION", "BY")
	b.Linear = p.accept("LINEAR")
	if b.Linear {
		b.Method = p.expectAny("HASH", "KEY")
	} else {
		b.Method = p.expectAny("RANGE", "LIST", "HASH", "KEY")
	}
	switch {
	case b.Method == "KEY":
		if p.accept("ALGORITHM") {
			p.expectOp("=")
			if b.Algorithm = p.int(2); b.Algorithm == 0 {
				p.fail("expected 1 or 2")
			}
		}
		b.ByColumns = true
		p.expectOp("(")
		if !p.acceptOp(")") {
			p.i--
			b.Columns = p.nameList("a column")
		}
	case b.Method != "HASH" && p.accept("COLUMNS"):
		b.ByColumns = true
		b.Columns = p.nameList("a column")
	default:
		b.Expr, _ = p.inParens()
	}
	if p.accept("PARTITIONS") {
		b.Count = p.partitionCount()
	}
	if p.is("SUBPARTITION") {
		p.unsupported("SUBPARTITION BY")
	}
	if p.isOp("(") {
		b.Parts = p.partitionDefs()
	}
	return b
}

func (p *parser) partitionCount() int {
	n := p.int(maxPartitionNumber)
	if n == 0 {
		p.failCode(errno.NoParts, "Number of partitions = 0 is not an allowed value")
	}
	return n
}

func (p *parser) partitionDefs() []ast.PartitionDef {
	p.expectOp("(")
	var list []ast.PartitionDef
	for ok := true; ok; ok = p.acceptOp(",") {
		list = append(list, p.partitionDef())
	}
	p.expectOp(")")
	return list
}

func (p *parser) partitionDef() ast.PartitionDef {
	d := ast.PartitionDef{At: p.at()}
	p.expect("PARTITION")
	d.Name = p.name("a partition")
	if p.accept("VALUES") {
		switch {
		case p.accept("LESS", "THAN"):
			if d.Bare = p.accept("MAXVALUE"); d.Bare {
				d.Less = []ast.PartitionValue{{Max: true}}
			} else {
				d.Less = p.partitionValues()
			}
		default:
			p.expect("IN")
			p.expectOp("(")
			for ok := true; ok; ok = p.acceptOp(",") {
				d.In = append(d.In, p.partitionRow())
			}
			p.expectOp(")")
		}
	}
	p.partitionOptions(&d)
	return d
}

// partitionRow reads a row of VALUES IN: (a, b), or a value, which may begin with a parenthesis as well.
func (p *parser) partitionRow() []ast.PartitionValue {
	if start := p.i; p.isOp("(") {
		if row := p.partitionValues(); p.isOp(",") || p.isOp(")") {
			return row
		}
		p.i = start
	}
	return []ast.PartitionValue{p.partitionValue()}
}

func (p *parser) partitionValues() []ast.PartitionValue {
	p.expectOp("(")
	var list []ast.PartitionValue
	for ok := true; ok; ok = p.acceptOp(",") {
		list = append(list, p.partitionValue())
	}
	p.expectOp(")")
	return list
}

func (p *parser) partitionValue() ast.PartitionValue {
	if p.accept("MAXVALUE") {
		return ast.PartitionValue{Max: true}
	}
	return ast.PartitionValue{Expr: p.expr()}
}

// partitionOptions reads the options of a partition. Those about a server's files have no meaning here.
func (p *parser) partitionOptions(d *ast.PartitionDef) {
	for {
		p.accept("STORAGE")
		switch {
		case p.accept("ENGINE"), p.accept("TABLESPACE"):
			p.acceptOp("=")
			p.optionValue()
		case p.accept("DATA", "DIRECTORY"), p.accept("INDEX", "DIRECTORY"):
			p.acceptOp("=")
			p.str("a string")
		case p.accept("COMMENT"):
			p.acceptOp("=")
			d.Comment = p.str("a string")
		case p.accept("MAX_ROWS"):
			p.acceptOp("=")
			d.MaxRows = uint64(p.int(maxPartitionNumber))
		case p.accept("MIN_ROWS"):
			p.acceptOp("=")
			d.MinRows = uint64(p.int(maxPartitionNumber))
		case p.accept("NODEGROUP"):
			p.acceptOp("=")
			p.int(maxPartitionNumber)
		default:
			if p.isOp("(") {
				p.unsupported("SUBPARTITION")
			}
			return
		}
	}
}

// alterPartitions reads a change of partitions, which stands alone or behind the other changes of a statement; false if none
// is next.
func (p *parser) alterPartitions(a *ast.AlterTable) bool {
	c := ast.AlterAction{At: p.at(), Kind: ast.ChangePartitions}
	x := &ast.AlterPartitions{}
	switch {
	case p.is("PARTITION", "BY"):
		x.Op, x.By = "BY", p.partitionBy()
	case p.accept("REMOVE", "PARTITIONING"):
		x.Op = "REMOVE"
	case p.accept("ADD", "PARTITION"):
		p.addPartition(x)
	case p.accept("DROP", "PARTITION"):
		x.Op, x.Names = "DROP", p.bareNames()
	case p.accept("COALESCE", "PARTITION"):
		p.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
		x.Op, x.Count = "COALESCE", p.int(maxPartitionNumber)
	case p.accept("REORGANIZE", "PARTITION"):
		p.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
		if x.Op = "REORGANIZE"; isName(p.tok()) {
			x.Names = p.bareNames()
			p.expect("INTO")
			x.Parts = p.partitionDefs()
		}
	case p.accept("EXCHANGE", "PARTITION"):
		x.Op, x.Validate, x.Names = "EXCHANGE", true, []string{p.name("a partition")}
		p.expect("WITH", "TABLE")
		x.Table = p.tableName()
		if p.accept("WITHOUT", "VALIDATION") {
			x.Validate = false
		} else {
			p.accept("WITH", "VALIDATION")
		}
	case p.is("TRUNCATE", "PARTITION"), p.is("ANALYZE", "PARTITION"), p.is("CHECK", "PARTITION"), p.is("OPTIMIZE", "PARTITION"),
		p.is("REBUILD", "PARTITION"), p.is("REPAIR", "PARTITION"):
		x.Op = strings.ToUpper(p.text(p.tok()))
		p.i += 2
		p.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
		if x.All = p.accept("ALL"); !x.All {
			x.Names = p.bareNames()
		}
	case p.is("DISCARD", "PARTITION"), p.is("IMPORT", "PARTITION"):
		p.unsupported("ALTER TABLE … TABLESPACE")
	default:
		return false
	}
	c.Partitions = x
	a.Actions = append(a.Actions, c)
	return true
}

// partitionsAlone fails where a change of partitions stands beside others: only PARTITION BY and REMOVE PARTITIONING may, at the
// end.
func (p *parser) partitionsAlone(a *ast.AlterTable) {
	for i := range a.Actions {
		x := a.Actions[i].Partitions
		if x != nil && (x.Op != "BY" && x.Op != "REMOVE" || i < len(a.Actions)-1) {
			p.fail("")
		}
	}
}

func (p *parser) addPartition(x *ast.AlterPartitions) {
	x.Op = "ADD"
	p.acceptAny("NO_WRITE_TO_BINLOG", "LOCAL")
	if p.accept("PARTITIONS") {
		x.Count = p.int(maxPartitionNumber)
		return
	}
	x.Parts = p.partitionDefs()
}

// bareNames reads a list of partitions without parentheses.
func (p *parser) bareNames() []string {
	list := []string{p.name("a partition")}
	for p.acceptOp(",") {
		list = append(list, p.name("a partition"))
	}
	return list
}
