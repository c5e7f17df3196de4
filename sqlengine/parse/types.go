package parse

import (
	"strconv"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// typeNames maps the first word of a type to what it is. Synonyms are MySQL's
// (https://dev.mysql.com/doc/refman/8.0/en/other-vendor-data-types.html).
var typeNames = map[string]base.TypeID{
	"TINYINT": base.TypeTinyInt, "INT1": base.TypeTinyInt, "BOOL": base.TypeTinyInt, "BOOLEAN": base.TypeTinyInt,
	"SMALLINT": base.TypeSmallInt, "INT2": base.TypeSmallInt, "MEDIUMINT": base.TypeMediumInt, "INT3": base.TypeMediumInt,
	"MIDDLEINT": base.TypeMediumInt, "INT": base.TypeInt, "INTEGER": base.TypeInt, "INT4": base.TypeInt, "BIGINT": base.TypeBigInt,
	"INT8": base.TypeBigInt, "SERIAL": base.TypeBigInt, "DECIMAL": base.TypeDecimal, "DEC": base.TypeDecimal,
	"NUMERIC": base.TypeDecimal, "FIXED": base.TypeDecimal, "FLOAT": base.TypeFloat, "FLOAT4": base.TypeFloat,
	"DOUBLE": base.TypeDouble, "FLOAT8": base.TypeDouble, "REAL": base.TypeDouble, "CHAR": base.TypeChar, "CHARACTER": base.TypeChar,
	"NCHAR": base.TypeChar, "VARCHAR": base.TypeVarchar, "VARCHARACTER": base.TypeVarchar, "NVARCHAR": base.TypeVarchar,
	"TINYTEXT": base.TypeTinyText, "TEXT": base.TypeText, "MEDIUMTEXT": base.TypeMediumText, "LONG": base.TypeMediumText,
	"LONGTEXT": base.TypeLongText, "BINARY": base.TypeBinary, "VARBINARY": base.TypeVarbinary, "TINYBLOB": base.TypeTinyBlob,
	"BLOB": base.TypeBlob, "MEDIUMBLOB": base.TypeMediumBlob, "LONGBLOB": base.TypeLongBlob, "DATE": base.TypeDate,
	"TIME": base.TypeTime, "DATETIME": base.TypeDateTime, "TIMESTAMP": base.TypeTimestamp, "YEAR": base.TypeYear,
	"JSON": base.TypeJSON, "ENUM": base.TypeEnum, "SET": base.TypeSet, "BIT": base.TypeBit, "UUID": base.TypeUUID,
	"VECTOR": base.TypeVector,
}

// spatial are the first words of types that do not exist here.
var spatial = map[string]bool{"GEOMETRY": true, "POINT": true, "LINESTRING": true, "POLYGON": true, "MULTIPOINT": true,
	"MULTILINESTRING": true, "MULTIPOLYGON": true, "GEOMETRYCOLLECTION": true, "GEOMCOLLECTION": true}

// columnType reads a type with its attributes UNSIGNED, CHARACTER SET, COLLATE and so on, and returns its text too. SERIAL is
// the one type that says more; the caller sees it by its text.
func (p *parser) columnType() (base.Type, string) {
	start := p.i
	t := p.bareType()
	for {
		switch {
		case p.accept("UNSIGNED"):
			t.Unsigned = true
		case p.accept("ZEROFILL"):
			t.Unsigned = true
		case p.accept("SIGNED"), p.accept("ASCII"), p.accept("UNICODE"):
		case p.accept("BINARY"):
			t.Collation = "utf8mb4_bin"
		case binaryType(t).ID != t.ID && p.accept("BYTE"):
			t = binaryType(t)
		case p.accept("CHARACTER", "SET"), p.accept("CHARSET"), p.accept("CHAR", "SET"):
			if cs := p.charset("a character set"); cs == "binary" {
				t = binaryType(t)
			}
		case p.accept("COLLATE"):
			t.Collation = p.charset("a collation")
		default:
			return t, p.since(start)
		}
	}
}

// binaryType is a character type CHARACTER SET binary.
func binaryType(t base.Type) base.Type {
	switch {
	case t.ID >= base.TypeTinyText && t.ID <= base.TypeLongText:
		t.ID += base.TypeTinyBlob - base.TypeTinyText
	case t.ID == base.TypeChar:
		t.ID = base.TypeBinary
	case t.ID == base.TypeVarchar:
		t.ID = base.TypeVarbinary
	}
	return t
}

// bareType reads the name of a type and what stands in its parentheses.
func (p *parser) bareType() base.Type {
	tok := p.tok()
	word := strings.ToUpper(p.text(tok))
	id, ok := typeNames[word]
	if word == "NATIONAL" {
		p.i++
		id, ok = typeNames[p.expectAny("CHAR", "CHARACTER", "VARCHAR")], true
		p.i--
	}
	if !ok || tok.kind != tWord {
		if spatial[word] && tok.kind == tWord {
			p.failCode(errno.NotSupported, "%s is not supported: there are no spatial types", word)
		}
		p.fail("expected a type")
	}
	p.i++
	t := base.Type{ID: id}
	switch word {
	case "BOOL", "BOOLEAN":
		t.Bool = true
		return t
	case "SERIAL":
		t.Unsigned = true
		return t
	case "DOUBLE":
		p.accept("PRECISION")
	case "LONG":
		if p.accept("VARBINARY") {
			t.ID = base.TypeMediumBlob
		} else {
			p.acceptAny("VARCHAR", "VARCHARACTER")
		}
	}
	if id == base.TypeChar && (p.accept("VARYING") || word == "NCHAR" && p.acceptAny("VARCHAR", "VARCHARACTER") != "") {
		t.ID = base.TypeVarchar
	}
	if id == base.TypeEnum || id == base.TypeSet {
		p.expectOp("(")
		for ok := true; ok; ok = p.acceptOp(",") {
			t.Elems = append(t.Elems, strings.TrimRight(p.memberName(), " "))
		}
		p.expectOp(")")
		return t
	}
	at := p.i
	p.measure(&t, p.typeArgs(), at)
	return t
}

// memberName reads a value of an ENUM or a SET.
func (p *parser) memberName() string {
	t := p.tok()
	if t.kind != tHex && t.kind != tBit {
		return p.str("a string")
	}
	p.i++
	s := p.bytesValue(t)
	p.checkUTF8(s)
	return s
}

// typeArgs reads (n) or (n, m).
func (p *parser) typeArgs() []int {
	if !p.acceptOp("(") {
		return nil
	}
	args := []int{p.int(1<<32 - 1)}
	if p.acceptOp(",") {
		args = append(args, p.int(255))
	}
	p.expectOp(")")
	return args
}

// measure gives a type its lengths. Types of a length that does not exist are MySQL's errors 1074, 1426 and 1425.
//
//lint:long one case a family
func (p *parser) measure(t *base.Type, args []int, at int) {
	if len(args) == 2 && t.ID != base.TypeDecimal && t.ID != base.TypeFloat && t.ID != base.TypeDouble {
		p.failAt(at, "this type takes one length")
	}
	first := func(otherwise int) int {
		if len(args) > 0 {
			return args[0]
		}
		return otherwise
	}
	switch t.ID {
	case base.TypeTinyInt:
		t.Bool = len(args) > 0 && args[0] == 1
	case base.TypeSmallInt, base.TypeMediumInt, base.TypeInt, base.TypeBigInt, base.TypeYear: // a width to show, without effect
	case base.TypeDecimal:
		p.decimal(t, args)
	case base.TypeFloat:
		if len(args) == 1 && args[0] > 24 {
			t.ID = base.TypeDouble
		}
		if len(args) == 1 && args[0] > 53 {
			p.failCode(errno.BadFieldLength, "Incorrect column specifier: FLOAT(%d); the largest precision is 53", args[0])
		}
	case base.TypeDouble:
	case base.TypeTime, base.TypeDateTime, base.TypeTimestamp:
		if first(0) > 6 {
			p.failCode(errno.TooBigPrecision, "Too-big precision %d specified. Maximum is 6.", args[0])
		}
		t.Scale = uint8(first(0))
	case base.TypeChar, base.TypeBinary:
		t.Length = first(1)
		p.lengthLimit(t.Length, 255)
	case base.TypeBit:
		t.Length = first(1)
		p.lengthLimit(t.Length, 64)
	case base.TypeVarchar, base.TypeVarbinary, base.TypeVector:
		if len(args) == 0 {
			p.failAt(at, "expected a length in parentheses")
		}
		t.Length = args[0]
		p.lengthLimit(t.Length, 65535)
	case base.TypeText, base.TypeBlob:
		if len(args) > 0 {
			n := args[0]
			if t.ID == base.TypeText {
				n *= 4 // bytes of a character of utf8mb4
			}
			t.ID = sized(t.ID, n)
		}
	default:
		if len(args) > 0 {
			p.failAt(at, "this type takes no length")
		}
	}
}

func (p *parser) lengthLimit(n, limit int) {
	if n > limit {
		p.failCode(errno.BadFieldLength, "Column length too big for column (max = %d); use BLOB or TEXT instead", limit)
	}
}

func (p *parser) decimal(t *base.Type, args []int) {
	t.Precision = 10
	if len(args) > 0 && args[0] > 0 {
		if args[0] > base.MaxDecimalDigits {
			p.failCode(errno.TooBigPrecision, "Too-big precision %d specified for a DECIMAL. Maximum is %d.", args[0], base.MaxDecimalDigits)
		}
		t.Precision = uint8(args[0])
	}
	if len(args) == 2 {
		if args[1] > 30 {
			p.failCode(errno.TooBigScale, "Too big scale %d specified for a DECIMAL. Maximum is 30.", args[1])
		}
		if args[1] > int(t.Precision) {
			p.failCode(errno.MBiggerThanD, "For float(M,D), double(M,D) or decimal(M,D), M must be >= D.")
		}
		t.Scale = uint8(args[1])
	}
}

// sized is the member of the TEXT or BLOB family that holds n bytes, as TEXT(n) means of n characters.
func sized(id base.TypeID, n int) base.TypeID {
	switch {
	case n < 1<<8:
		return id - 1
	case n < 1<<16:
		return id
	case n < 1<<24:
		return id + 1
	}
	return id + 2
}

// castType reads the type of CAST and CONVERT.
func (p *parser) castType() base.Type {
	switch {
	case p.accept("SIGNED"):
		p.acceptAny("INTEGER", "INT")
		return base.Type{ID: base.TypeBigInt}
	case p.accept("UNSIGNED"):
		p.acceptAny("INTEGER", "INT")
		return base.Type{ID: base.TypeBigInt, Unsigned: true}
	case p.is("BINARY"):
		p.i++
		if n := p.typeArgs(); len(n) == 1 {
			return base.Type{ID: base.TypeBinary, Length: n[0]}
		}
		return base.Type{ID: base.TypeLongBlob}
	case p.is("NCHAR"), p.is("CHAR"), p.is("CHARACTER"):
		p.i++
		t := base.Type{ID: base.TypeLongText}
		if n := p.typeArgs(); len(n) == 1 {
			t = base.Type{ID: base.TypeVarchar, Length: n[0]}
		}
		p.castCharset(&t)
		return t
	}
	t := p.bareType()
	if p.accept("UNSIGNED") {
		t.Unsigned = true
	}
	return t
}

func (p *parser) castCharset(t *base.Type) {
	switch {
	case p.accept("CHARACTER", "SET"), p.accept("CHARSET"):
		if cs := p.charset("a character set"); cs == "binary" {
			*t = base.Type{ID: base.TypeLongBlob}
		}
	case p.acceptAny("ASCII", "UNICODE", "BINARY") != "":
	}
	if p.accept("COLLATE") {
		t.Collation = p.charset("a collation")
	}
}

// size reads an option's number, perhaps with K, M or G behind it, as text.
func (p *parser) size() (string, bool) {
	t := p.tok()
	s := p.text(t)
	if t.kind == tNumber {
		p.i++
		return s, true
	}
	if t.kind != tWord || len(s) < 2 {
		return "", false
	}
	shift := strings.IndexByte("KMG", s[len(s)-1]&^0x20)
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if err != nil || shift < 0 {
		return "", false
	}
	p.i++
	return strconv.FormatUint(n<<(10*(shift+1)), 10), true
}
