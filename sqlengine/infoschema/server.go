package infoschema

import (
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
)

// EngineName is the one storage engine. It has the name that tools ask for before they believe that a table is there (docs/decisions/0022-engine-name.md).
const EngineName = "InnoDB"

var engines = definition{
	name:  "ENGINES",
	local: true,
	columns: cols(required(text("ENGINE", 64)), required(text("SUPPORT", 8)), required(text("COMMENT", 80)), text("TRANSACTIONS", 3),
		text("XA", 3), text("SAVEPOINTS", 3)),
	rows: func(*reader) ([][]base.Value, error) {
		return [][]base.Value{{str(EngineName), str("DEFAULT"), str("Transactional tables on an object store, under the name that tools look for"), str("YES"), str("NO"), str("YES")}}, nil
	},
}

// charsets are the character sets whose names are accepted; text is stored as UTF-8 whatever its column declares.
var charsets = []struct {
	name, collation, description string
	maxLength                    int
}{
	{"ascii", "ascii_general_ci", "US ASCII", 1},
	{"binary", "binary", "Binary pseudo charset", 1},
	{"latin1", "latin1_swedish_ci", "cp1252 West European", 1},
	{"utf8mb3", "utf8mb3_general_ci", "UTF-8 Unicode", 3},
	{"utf8mb4", catalog.DefaultCollation, "UTF-8 Unicode", bytesPerChar},
}

var characterSets = definition{
	name:  "CHARACTER_SETS",
	local: true,
	columns: cols(required(text("CHARACTER_SET_NAME", 64)), required(text("DEFAULT_COLLATE_NAME", 64)),
		required(text("DESCRIPTION", 2048)), required(unsigned("MAXLEN", base.TypeInt))),
	rows: func(*reader) (out [][]base.Value, _ error) {
		for _, c := range charsets {
			out = append(out, []base.Value{str(c.name), str(c.collation), str(c.description), num(c.maxLength)})
		}
		return out, nil
	},
}

var collations = definition{
	name:  "COLLATIONS",
	local: true,
	columns: cols(required(text("COLLATION_NAME", 64)), required(text("CHARACTER_SET_NAME", 64)), required(unsigned("ID", base.TypeBigInt)),
		required(text("IS_DEFAULT", 3)), required(text("IS_COMPILED", 3)), required(unsigned("SORTLEN", base.TypeInt)),
		required(enum("PAD_ATTRIBUTE", "PAD SPACE", "NO PAD"))),
	rows: func(*reader) (out [][]base.Value, _ error) {
		for _, c := range collation.All() {
			isDefault, pad := "", 2
			if c.Primary {
				isDefault = "Yes"
			}
			if c.PadSpace {
				pad = 1
			}
			out = append(out, []base.Value{str(c.Name), str(c.Charset), num(c.ID), str(isDefault), str("Yes"), num(c.SortLen), num(pad)})
		}
		return out, nil
	},
}

var collationApplicability = definition{
	name:    "COLLATION_CHARACTER_SET_APPLICABILITY",
	local:   true,
	columns: cols(required(text("COLLATION_NAME", 64)), required(text("CHARACTER_SET_NAME", 64))),
	rows: func(r *reader) ([][]base.Value, error) {
		all, err := collations.rows(r)
		for i := range all {
			all[i] = all[i][:2]
		}
		return all, err
	},
}

// Process is one session of this process.
type Process struct {
	ID       uint64
	User     string
	Host     string
	Database string
	Command  string // "Sleep" or "Query"
	Since    time.Duration
	State    string
	Info     string // the statement that runs; "" none
}

var processlist = definition{
	name:  "PROCESSLIST",
	local: true,
	columns: cols(required(unsigned("ID", base.TypeBigInt)), required(text("USER", 32)), required(text("HOST", 261)), text("DB", 64),
		required(text("COMMAND", 16)), required(of("TIME", base.TypeInt)), text("STATE", 64), text("INFO", 65535)),
	rows: func(r *reader) (out [][]base.Value, _ error) {
		for _, p := range r.Processes() {
			info := base.Value{}
			if p.Info != "" {
				info = str(p.Info)
			}
			out = append(out, []base.Value{base.NewUint(p.ID), str(p.User), str(p.Host), str(p.Database), str(p.Command),
				base.NewInt(int64(p.Since / time.Second)), str(p.State), info})
		}
		return out, nil
	},
}

// DefaultCollation returns the collation that a character set has where none is named; "" for an unknown set.
func DefaultCollation(charset string) string {
	for _, c := range charsets {
		if c.name == charset || c.name == "utf8mb3" && charset == "utf8" {
			return c.collation
		}
	}
	return ""
}
