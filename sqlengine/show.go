package sqlengine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/infoschema"
	"github.com/s3sql/s3sql/sqlengine/parse"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// listing is the rows of a SHOW, before LIKE and WHERE.
type listing struct {
	cols []plan.Column
	rows [][]base.Value
	like int // column that LIKE looks at
}

func columns(names ...string) []plan.Column {
	out := make([]plan.Column, len(names))
	for i, n := range names {
		out[i] = varcharColumn(n)
	}
	return out
}

func texts(values ...string) []base.Value {
	out := make([]base.Value, len(values))
	for i, v := range values {
		out[i] = base.NewString(v)
	}
	return out
}

// show runs SHOW and DESCRIBE.
func (r *run) show(n *ast.Show) (*Result, error) {
	if n.Diagnostic() {
		return r.filter(n, r.showWarnings(n.Kind))
	}
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	r.tx = tx
	l, err := r.listing(n, tx)
	if derr := done(err); err == nil {
		err = derr
	}
	if err != nil {
		return nil, err
	}
	return r.filter(n, l)
}

//lint:long one flat switch over the kinds
func (r *run) listing(n *ast.Show, tx *table.Tx) (*listing, error) {
	switch n.Kind {
	case "TABLES":
		return r.showTables(n)
	case "TABLE STATUS":
		return r.showTableStatus(n)
	case "OPEN TABLES": // tables are not opened by name and then held
		return &listing{cols: columns("Database", "Table", "In_use", "Name_locked")}, r.knownDatabase(n.From)
	case "COLUMNS":
		return r.showColumns(n, tx)
	case "CREATE TABLE", "CREATE VIEW":
		return r.showCreateTable(n, tx)
	case "METRICS":
		return r.showMetrics()
	case "REPORT":
		return r.showReport()
	case "COSTS":
		return r.showCosts()
	case "OBJECTS":
		return r.showObjects(n, tx)
	case "CREATE OBJECT":
		return r.showCreateObject(n, tx)
	case "CREATE DATABASE":
		return r.showCreateDatabase(n)
	case "INDEX":
		return r.showIndex(n, tx)
	case "DATABASES":
		return r.list("SCHEMATA", "", "", "SCHEMA_NAME=Database")
	case "VARIABLES":
		return r.showVariables(n), nil
	case "STATUS":
		return r.showStatus(), nil
	case "PROCESSLIST":
		return r.showProcesslist(n)
	case "ENGINES":
		return r.list("ENGINES", "", "", "ENGINE=Engine", "SUPPORT=Support", "COMMENT=Comment", "TRANSACTIONS=Transactions", "XA=XA",
			"SAVEPOINTS=Savepoints")
	case "CHARACTER SET":
		return r.list("CHARACTER_SETS", "", "", "CHARACTER_SET_NAME=Charset", "DESCRIPTION=Description",
			"DEFAULT_COLLATE_NAME=Default collation", "MAXLEN=Maxlen")
	case "COLLATION":
		return r.list("COLLATIONS", "", "", "COLLATION_NAME=Collation", "CHARACTER_SET_NAME=Charset", "ID=Id", "IS_DEFAULT=Default",
			"IS_COMPILED=Compiled", "SORTLEN=Sortlen", "PAD_ATTRIBUTE=Pad_attribute")
	case "GRANTS":
		return &listing{cols: columns("Grants for root@%"), rows: [][]base.Value{texts(infoschema.Grants())}}, nil
	case "PRIVILEGES":
		return &listing{cols: columns("Privilege", "Context", "Comment"), rows: infoschema.PrivilegeList()}, nil
	case "PLUGINS":
		return r.list("PLUGINS", "", "", "PLUGIN_NAME=Name", "PLUGIN_STATUS=Status", "PLUGIN_TYPE=Type", "PLUGIN_LIBRARY=Library",
			"PLUGIN_LICENSE=License")
	case "EVENTS":
		return r.list("EVENTS", "", "", "EVENT_SCHEMA=Db", "EVENT_NAME=Name", "DEFINER=Definer", "TIME_ZONE=Time zone", "EVENT_TYPE=Type",
			"EXECUTE_AT=Execute at", "INTERVAL_VALUE=Interval value", "INTERVAL_FIELD=Interval field", "STARTS=Starts", "ENDS=Ends",
			"STATUS=Status", "ORIGINATOR=Originator", "CHARACTER_SET_CLIENT=character_set_client",
			"COLLATION_CONNECTION=collation_connection", "DATABASE_COLLATION=Database Collation")
	case "TRIGGERS":
		return r.list("TRIGGERS", "", "", "TRIGGER_NAME=Trigger", "EVENT_MANIPULATION=Event", "EVENT_OBJECT_TABLE=Table",
			"ACTION_STATEMENT=Statement", "ACTION_TIMING=Timing", "CREATED=Created", "SQL_MODE=sql_mode", "DEFINER=Definer",
			"CHARACTER_SET_CLIENT=character_set_client", "COLLATION_CONNECTION=collation_connection",
			"DATABASE_COLLATION=Database Collation")
	case "PROCEDURE STATUS", "FUNCTION STATUS":
		return r.list("ROUTINES", "", "", "ROUTINE_SCHEMA=Db", "ROUTINE_NAME=Name", "ROUTINE_TYPE=Type", "DEFINER=Definer",
			"LAST_ALTERED=Modified", "CREATED=Created", "SECURITY_TYPE=Security_type", "ROUTINE_COMMENT=Comment",
			"CHARACTER_SET_CLIENT=character_set_client", "COLLATION_CONNECTION=collation_connection",
			"DATABASE_COLLATION=Database Collation")
	case "PROFILES":
		return &listing{cols: columns("Query_ID", "Duration", "Query")}, nil
	}
	return nil, base.Errorf(errno.NotSupported, "SHOW %s is not supported; docs/compatibility.md lists what is", n.Kind)
}

// list is a listing of columns of a table of information_schema; see infoschema.List.
func (r *run) list(name, schema, table string, columns ...string) (*listing, error) {
	cols, rows, err := infoschema.List((*infoSource)(r), infoschema.Table(name), schema, table, columns...)
	return &listing{cols: cols, rows: rows}, err
}

// database returns the database that a SHOW … FROM means, as it is written in its name.
func (r *run) database(from string) (string, error) {
	if from == "" {
		return r.s.e.cfg.Database, nil
	}
	for _, known := range r.databases() {
		if strings.EqualFold(known, from) {
			return known, nil
		}
	}
	return "", base.Errorf(errno.BadDB, "Unknown database '%s'", from)
}

func (r *run) knownDatabase(from string) error {
	_, err := r.database(from)
	return err
}

// databases returns the names of the database and of the schemas of virtual tables.
func (r *run) databases() []string {
	out := []string{r.s.e.cfg.Database}
	for _, t := range (*infoSource)(r).Virtual() {
		if !slices.Contains(out, t.Schema) {
			out = append(out, t.Schema)
		}
	}
	return out
}

func (r *run) showTables(n *ast.Show) (*listing, error) {
	db, err := r.database(n.From)
	if err != nil {
		return nil, err
	}
	pairs := []string{"TABLE_NAME=Tables_in_" + db}
	if n.Full {
		pairs = append(pairs, "TABLE_TYPE=Table_type")
	}
	l, err := r.list("TABLES", db, "", pairs...)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(l.rows, func(a, b []base.Value) int { return strings.Compare(a[0].Text(), b[0].Text()) })
	return l, nil
}

func (r *run) showTableStatus(n *ast.Show) (*listing, error) {
	db, err := r.database(n.From)
	if err != nil {
		return nil, err
	}
	return r.list("TABLES", db, "", "TABLE_NAME=Name", "ENGINE=Engine", "VERSION=Version", "ROW_FORMAT=Row_format", "TABLE_ROWS=Rows",
		"AVG_ROW_LENGTH=Avg_row_length", "DATA_LENGTH=Data_length", "MAX_DATA_LENGTH=Max_data_length", "INDEX_LENGTH=Index_length",
		"DATA_FREE=Data_free", "AUTO_INCREMENT=Auto_increment", "CREATE_TIME=Create_time", "UPDATE_TIME=Update_time",
		"CHECK_TIME=Check_time", "TABLE_COLLATION=Collation", "CHECKSUM=Checksum", "CREATE_OPTIONS=Create_options",
		"TABLE_COMMENT=Comment")
}

// tableOf returns the schema and name of a table, or view, that a SHOW names. Errors: 1146, 1049, 1109.
func (r *run) tableOf(name *ast.TableName, tx *table.Tx) (schema, table string, err error) {
	if v := r.s.virtual(name.Schema, name.Name); v != nil {
		return v.Schema, v.Name, nil
	}
	t, err := r.table(name, tx)
	if err != nil {
		return "", "", err
	}
	return r.s.e.cfg.Database, t.Name, nil
}

func (r *run) showColumns(n *ast.Show, tx *table.Tx) (*listing, error) {
	v, err := r.view(n.Table, tx)
	if err != nil {
		return nil, err
	}
	var schema, name string
	if v == nil {
		schema, name, err = r.tableOf(n.Table, tx)
	} else {
		schema, name = r.s.e.cfg.Database, v.Name
		_, err = r.viewTable(v, tx) // it may no longer be valid
	}
	if err != nil {
		return nil, err
	}
	if n.Full {
		return r.list("COLUMNS", schema, name, "COLUMN_NAME=Field", "COLUMN_TYPE=Type", "COLLATION_NAME=Collation", "IS_NULLABLE=Null",
			"COLUMN_KEY=Key", "COLUMN_DEFAULT=Default", "EXTRA=Extra", "PRIVILEGES=Privileges", "COLUMN_COMMENT=Comment")
	}
	return r.list("COLUMNS", schema, name, "COLUMN_NAME=Field", "COLUMN_TYPE=Type", "IS_NULLABLE=Null", "COLUMN_KEY=Key",
		"COLUMN_DEFAULT=Default", "EXTRA=Extra")
}

func (r *run) showIndex(n *ast.Show, tx *table.Tx) (*listing, error) {
	schema, name, err := r.tableOf(n.Table, tx)
	if err != nil {
		return nil, err
	}
	return r.list("STATISTICS", schema, name, "TABLE_NAME=Table", "NON_UNIQUE=Non_unique", "INDEX_NAME=Key_name",
		"SEQ_IN_INDEX=Seq_in_index", "COLUMN_NAME=Column_name", "COLLATION=Collation", "CARDINALITY=Cardinality", "SUB_PART=Sub_part",
		"PACKED=Packed", "NULLABLE=Null", "INDEX_TYPE=Index_type", "COMMENT=Comment", "INDEX_COMMENT=Index_comment",
		"IS_VISIBLE=Visible", "EXPRESSION=Expression")
}

func (r *run) showCreateTable(n *ast.Show, tx *table.Tx) (*listing, error) {
	if v, err := r.view(n.Table, tx); err != nil {
		return nil, err
	} else if v != nil {
		return showCreateView(v), nil
	}
	t, err := r.table(n.Table, tx)
	if err != nil {
		return nil, err
	}
	if n.Kind == "CREATE VIEW" {
		return nil, r.wrongObject(t.Name, "VIEW")
	}
	auto := uint64(0)
	if t.AutoIncrement != 0 {
		auto = tx.AutoInc(t.ID) + 1
	}
	return &listing{cols: columns("Table", "Create Table"), rows: [][]base.Value{texts(t.Name, catalog.CreateSQL(t, auto)+catalog.PartitionSQL(t, parse.Reserved))}}, nil
}

func (r *run) showCreateDatabase(n *ast.Show) (*listing, error) {
	db, err := r.database(n.From)
	if err != nil {
		return nil, err
	}
	l, err := r.list("SCHEMATA", "", "", "SCHEMA_NAME=Database", "DEFAULT_CHARACTER_SET_NAME=c", "DEFAULT_COLLATION_NAME=o")
	if err != nil {
		return nil, err
	}
	out := &listing{cols: columns("Database", "Create Database")}
	for _, row := range l.rows {
		if row[0].Text() == db {
			out.rows = append(out.rows, texts(db, fmt.Sprintf("CREATE DATABASE %s /*!40100 DEFAULT CHARACTER SET %s COLLATE %s */ /*!80016 DEFAULT ENCRYPTION='N' */",
				catalog.QuoteName(db), row[1].Text(), row[2].Text())))
		}
	}
	return out, nil
}

// processInfo is the length to which SHOW PROCESSLIST cuts a statement; SHOW FULL PROCESSLIST does not.
const processInfo = 100

func (r *run) showProcesslist(n *ast.Show) (*listing, error) {
	l, err := r.list("PROCESSLIST", "", "", "ID=Id", "USER=User", "HOST=Host", "DB=db", "COMMAND=Command", "TIME=Time", "STATE=State", "INFO=Info")
	if err != nil {
		return nil, err
	}
	for _, row := range l.rows {
		if info := []rune(row[7].Text()); !n.Full && len(info) > processInfo {
			row[7] = base.NewString(string(info[:processInfo]))
		}
	}
	return l, nil
}

func (r *run) showWarnings(kind string) *listing {
	word, rest, count := strings.Cut(kind, " ")
	if count {
		n, name := r.s.warningCount, "@@session.warning_count"
		if rest == "ERRORS" {
			n, name = r.s.errorCount(), "@@session.error_count"
		}
		col := plan.Column{Name: name, Type: base.Type{ID: base.TypeBigInt, Unsigned: true}}
		return &listing{cols: []plan.Column{col}, rows: [][]base.Value{{base.NewUint(uint64(n))}}}
	}
	l := &listing{cols: columns("Level", "Code", "Message"), like: 2}
	l.cols[1].Type = base.Type{ID: base.TypeInt, Unsigned: true}
	for _, w := range r.s.warnings {
		level := r.s.level(w)
		if word == "WARNINGS" || level == "Error" {
			l.rows = append(l.rows, []base.Value{base.NewString(level), base.NewUint(uint64(w.Number)), base.NewString(w.Msg)})
		}
	}
	return l
}

func (r *run) showStatus() *listing {
	t := r.s.e.cfg.Ledger.Total().Total()
	return &listing{cols: columns("Variable_name", "Value"), rows: [][]base.Value{
		texts("Questions", fmt.Sprint(r.s.e.questions.Load())),
		texts("S3sql_bytes_in", fmt.Sprint(t.Received)),
		texts("S3sql_bytes_out", fmt.Sprint(t.Sent)),
		texts("S3sql_requests", fmt.Sprint(t.Requests)),
		texts("Threads_connected", fmt.Sprint(len(r.s.e.processes.all()))),
		texts("Uptime", fmt.Sprint(int64(r.s.e.now().Sub(r.s.e.started).Seconds()))),
	}}
}

// showVariables lists the variables of a scope.
func (r *run) showVariables(n *ast.Show) *listing {
	global := n.Scope == "GLOBAL"
	l := &listing{cols: columns("Variable_name", "Value")}
	for _, name := range variableNames(global) {
		l.rows = append(l.rows, texts(name, r.s.text(systemVars[name], global)))
	}
	return l
}

// filter applies LIKE, WHERE and LIMIT to a listing by running it as a query.
func (r *run) filter(n *ast.Show, l *listing) (*Result, error) {
	if n.Like == nil && n.Where == nil && n.Limit == nil {
		return rowsResult(l.cols, l.rows), nil
	}
	sel := &ast.Select{Items: []ast.SelectItem{{Expr: &ast.Star{}}}, From: []ast.TableExpr{&ast.TableName{Name: "listing"}},
		Where: n.Where, Limit: n.Limit}
	if n.Like != nil {
		sel.Where = &ast.Like{X: &ast.ColumnRef{Name: l.cols[l.like].Name},
			Pattern: &ast.Literal{Value: base.NewString(*n.Like), Type: base.Type{ID: base.TypeVarchar}}}
	}
	env := r.s.planEnv(nil, nil, r.types)
	env.Virtual = func(string, string) *plan.VirtualTable {
		return &plan.VirtualTable{Name: "listing", Columns: l.cols, Source: l}
	}
	p, err := plan.Query(env, sel)
	if err != nil {
		return nil, err
	}
	op, err := r.open(p, nil)
	if err != nil {
		return nil, err
	}
	cols := l.cols
	if n.Like != nil && (n.Kind == "TABLES" || n.Kind == "DATABASES") { // MySQL names the pattern in the heading
		cols = slices.Clone(cols)
		cols[0].Name += " (" + *n.Like + ")"
	}
	return &Result{columns: cols, op: op}, nil
}

// Rows makes a listing a virtual table.
func (l *listing) Rows(*expr.Context) ([][]base.Value, error) { return l.rows, nil }

var _ plan.RowSource = (*listing)(nil)
