package infoschema

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
)

// Grantee is the one user: who can open the store may do everything.
const Grantee = "'root'@'%'"

// privileges are what GRANT ALL stands for and means something here.
var privileges = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER",
	"CREATE TEMPORARY TABLES", "LOCK TABLES", "CREATE VIEW", "SHOW VIEW", "PROCESS", "SHOW DATABASES"}

var userPrivileges = definition{
	name:  "USER_PRIVILEGES",
	local: true,
	columns: cols(required(text("GRANTEE", 292)), required(text("TABLE_CATALOG", 512)), required(text("PRIVILEGE_TYPE", 64)),
		required(text("IS_GRANTABLE", 3))),
	rows: func(*reader) (out [][]base.Value, _ error) {
		for _, p := range privileges {
			out = append(out, []base.Value{str(Grantee), str(catalogName), str(p), str("NO")})
		}
		return out, nil
	},
}

// Privileges of a database, a table or a column are kept where they are granted; nothing is granted here but everything.
var schemaPrivileges = definition{
	name:  "SCHEMA_PRIVILEGES",
	local: true,
	columns: cols(required(text("GRANTEE", 292)), required(text("TABLE_CATALOG", 512)), required(text("TABLE_SCHEMA", 64)),
		required(text("PRIVILEGE_TYPE", 64)), required(text("IS_GRANTABLE", 3))),
	rows: none,
}

var tablePrivileges = definition{
	name:  "TABLE_PRIVILEGES",
	local: true,
	columns: cols(required(text("GRANTEE", 292)), required(text("TABLE_CATALOG", 512)), required(text("TABLE_SCHEMA", 64)),
		required(text("TABLE_NAME", 64)), required(text("PRIVILEGE_TYPE", 64)), required(text("IS_GRANTABLE", 3))),
	rows: none,
}

var columnPrivileges = definition{
	name:  "COLUMN_PRIVILEGES",
	local: true,
	columns: cols(required(text("GRANTEE", 292)), required(text("TABLE_CATALOG", 512)), required(text("TABLE_SCHEMA", 64)),
		required(text("TABLE_NAME", 64)), required(text("COLUMN_NAME", 64)), required(text("PRIVILEGE_TYPE", 64)),
		required(text("IS_GRANTABLE", 3))),
	rows: none,
}

// Grants is what SHOW GRANTS prints.
func Grants() string {
	return "GRANT " + strings.Join(privileges, ", ") + " ON *.* TO `root`@`%`"
}

// PrivilegeList is the rows of SHOW PRIVILEGES: the privilege, where it applies and what for.
func PrivilegeList() [][]base.Value {
	out := make([][]base.Value, len(privileges))
	for i, p := range privileges {
		where := "Databases,Tables"
		switch p {
		case "CREATE", "DROP":
			where = "Databases,Tables,Indexes"
		case "SELECT", "INSERT", "UPDATE", "DELETE", "INDEX", "ALTER", "CREATE VIEW", "SHOW VIEW":
			where = "Tables"
		case "PROCESS", "SHOW DATABASES":
			where = "Server Admin"
		case "CREATE TEMPORARY TABLES", "LOCK TABLES":
			where = "Databases"
		}
		out[i] = []base.Value{str(p[:1] + strings.ToLower(p[1:])), str(where), str("To use " + p)}
	}
	return out
}
